package sock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// NewBoard returns a board of n slots in memory that other processes can share,
// and the descriptor (memfd_create(2)) by which they do. None of them can change its
// size: a process that reads a page which has been cut off dies of SIGBUS.
func NewBoard(n int) (stat.Board, int, error) {
	fd, err := unix.MemfdCreate("board", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, -1, os.NewSyscallError("memfd_create", err)
	}
	if err := unix.Ftruncate(fd, int64(n)*int64(unsafe.Sizeof(stat.Slot{}))); err != nil {
		unix.Close(fd)
		return nil, -1, os.NewSyscallError("ftruncate", err)
	}
	if err := seal(fd, 0); err != nil {
		unix.Close(fd)
		return nil, -1, err
	}
	b, err := OpenBoard(fd)
	if err != nil {
		unix.Close(fd)
	}
	return b, fd, err
}

// OpenBoard maps the board behind a descriptor.
func OpenBoard(fd int) (stat.Board, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	p, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	n := len(p) / int(unsafe.Sizeof(stat.Slot{}))
	return unsafe.Slice((*stat.Slot)(unsafe.Pointer(unsafe.SliceData(p))), n), nil
}

// seal forbids every process to change the size of a file in memory, and what else
// more forbids (fcntl(2), F_ADD_SEALS). No seal can be taken off.
func seal(fd, more int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS,
		unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL|more)
	return os.NewSyscallError("fcntl", err)
}

// NewMemory returns the descriptor of a file in memory that holds text. No process
// can change the file.
func NewMemory(name string, text []byte) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if _, err := unix.Pwrite(fd, text, 0); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("pwrite", err)
	}
	if err := seal(fd, unix.F_SEAL_WRITE); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
