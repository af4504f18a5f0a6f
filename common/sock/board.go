package sock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"threeloops/common/stat"
)

// NewBoard returns a board of n slots in memory that other processes can share,
// and the descriptor (memfd_create(2)) by which they do.
func NewBoard(n int) (stat.Board, int, error) {
	fd, err := unix.MemfdCreate("board", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, -1, os.NewSyscallError("memfd_create", err)
	}
	if err := unix.Ftruncate(fd, int64(n)*int64(unsafe.Sizeof(stat.Slot{}))); err != nil {
		unix.Close(fd)
		return nil, -1, os.NewSyscallError("ftruncate", err)
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

// NewMemory returns the descriptor of a file in memory that holds text.
func NewMemory(name string, text []byte) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if _, err := unix.Pwrite(fd, text, 0); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("pwrite", err)
	}
	return fd, nil
}
