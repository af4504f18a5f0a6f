package main

import (
	"os"
	"unsafe"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// newBoard returns a board of n slots in memory that other processes can share,
// and the descriptor (memfd_create(2)) by which they do. None of them can change its
// size: a process that reads a page which has been cut off dies of SIGBUS.
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

// openBoard maps the board behind a descriptor.
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

// seal forbids every process to change the size of a file in memory, and what else
// more forbids (fcntl(2), F_ADD_SEALS). No seal can be taken off.
func seal(fd, more int) error {
	return os.NewSyscallError("fcntl", sys.AddSeals(fd, sys.F_SEAL_SHRINK|sys.F_SEAL_GROW|sys.F_SEAL_SEAL|more))
}

// newMemory returns the descriptor of a file in memory that holds text. No process
// can change the file.
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
