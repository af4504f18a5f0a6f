package main

import (
	"os"
	"unsafe"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// newBoard returns a board of n slots, and the descriptor (memfd_create(2)) of its memory, which
// other processes can map too. No process can change its size: if one could shorten it, the others
// would die of SIGBUS when they read the missing part.
func newBoard(n int) (stat.Board, int, error) {
	fd, err := sys.MemfdCreate("board")
	if err != nil {
		return nil, -1, os.NewSyscallError("memfd_create", err)
	}
	if err := sys.Ftruncate(fd, int64(n)*int64(unsafe.Sizeof(stat.Slot{}))); err != nil {
		sys.Close(fd)
		return nil, -1, os.NewSyscallError("ftruncate", err)
	}
	if err := seal(fd, 0); err != nil {
		sys.Close(fd)
		return nil, -1, err
	}
	b, err := openBoard(fd)
	if err != nil {
		sys.Close(fd)
	}
	return b, fd, err
}

// openBoard maps the board whose descriptor is fd.
func openBoard(fd int) (stat.Board, error) {
	var st sys.Stat_t
	if err := sys.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	p, err := sys.MmapShared(fd, int(st.Size))
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	n := len(p) / int(unsafe.Sizeof(stat.Slot{}))
	return unsafe.Slice((*stat.Slot)(unsafe.Pointer(unsafe.SliceData(p))), n), nil
}

// seal makes the size of a memory file final for every process (fcntl(2), F_ADD_SEALS). more is
// further seals to add. No seal can be removed.
func seal(fd, more int) error {
	return os.NewSyscallError("fcntl", sys.AddSeals(fd, sys.F_SEAL_SHRINK|sys.F_SEAL_GROW|sys.F_SEAL_SEAL|more))
}

// newMemory returns the descriptor of a memory file that holds text. No process can change the
// file.
func newMemory(name string, text []byte) (int, error) {
	fd, err := sys.MemfdCreate(name)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if _, err := sys.Pwrite(fd, text, 0); err != nil {
		sys.Close(fd)
		return -1, os.NewSyscallError("pwrite", err)
	}
	if err := seal(fd, sys.F_SEAL_WRITE); err != nil {
		sys.Close(fd)
		return -1, err
	}
	return fd, nil
}
