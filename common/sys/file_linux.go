//go:build linux && !sim

package sys

import "golang.org/x/sys/unix"

// The flags and types of files that the servers use.
const (
	O_RDONLY    = unix.O_RDONLY
	O_NONBLOCK  = unix.O_NONBLOCK
	O_NOCTTY    = unix.O_NOCTTY
	O_PATH      = unix.O_PATH
	O_DIRECTORY = unix.O_DIRECTORY
	O_CLOEXEC   = unix.O_CLOEXEC

	RESOLVE_BENEATH       = unix.RESOLVE_BENEATH
	RESOLVE_NO_MAGICLINKS = unix.RESOLVE_NO_MAGICLINKS
	AT_NO_AUTOMOUNT       = unix.AT_NO_AUTOMOUNT

	S_IFMT  = unix.S_IFMT
	S_IFREG = unix.S_IFREG
	S_IFDIR = unix.S_IFDIR

	EFD_NONBLOCK = unix.EFD_NONBLOCK
	EFD_CLOEXEC  = unix.EFD_CLOEXEC

	F_SEAL_WRITE  = unix.F_SEAL_WRITE
	F_SEAL_SHRINK = unix.F_SEAL_SHRINK
	F_SEAL_GROW   = unix.F_SEAL_GROW
	F_SEAL_SEAL   = unix.F_SEAL_SEAL
)

type (
	// Stat_t is stat(2)'s struct stat.
	Stat_t = unix.Stat_t
	// Timespec is a time in seconds and nanoseconds, struct timespec.
	Timespec = unix.Timespec
	// OpenHow is openat2(2)'s struct open_how.
	OpenHow = unix.OpenHow
)

// Open is open(2). It creates no file.
func Open(path string, flags int) (fd int, err error) { return unix.Open(path, flags, 0) }

// Openat2 is openat2(2).
func Openat2(dir int, path string, how *OpenHow) (fd int, err error) {
	return unix.Openat2(dir, path, how)
}

// Stat is stat(2).
func Stat(path string, st *Stat_t) error { return unix.Stat(path, st) }

// Fstat is fstat(2).
func Fstat(fd int, st *Stat_t) error { return unix.Fstat(fd, st) }

// Fstatat is fstatat(2).
func Fstatat(dir int, path string, st *Stat_t, flags int) error {
	return unix.Fstatat(dir, path, st, flags)
}

// Read is read(2), which may sleep.
func Read(fd int, p []byte) (int, error) { return unix.Read(fd, p) }

// Write is write(2), which may sleep.
func Write(fd int, p []byte) (int, error) { return unix.Write(fd, p) }

// Pread is pread(2).
func Pread(fd int, p []byte, off int64) (int, error) { return unix.Pread(fd, p, off) }

// Pwrite is pwrite(2).
func Pwrite(fd int, p []byte, off int64) (int, error) { return unix.Pwrite(fd, p, off) }

// Close is close(2).
func Close(fd int) error { return unix.Close(fd) }

// Dup3 is dup3(2).
func Dup3(from, to, flags int) error { return unix.Dup3(from, to, flags) }

// Pipe2 is pipe2(2).
func Pipe2(fds []int, flags int) error { return unix.Pipe2(fds, flags) }

// Eventfd is eventfd2(2).
func Eventfd(initial uint, flags int) (fd int, err error) { return unix.Eventfd(initial, flags) }

// Cachestat is cachestat(2): how many pages of a range of a file are in the page cache.
func Cachestat(fd int, off, n int64) (pages int64, err error) {
	var cached unix.Cachestat_t
	err = unix.Cachestat(uint(fd), &unix.CachestatRange{Off: uint64(off), Len: uint64(n)}, &cached, 0)
	return int64(cached.Cache), err
}

// WillNeed is posix_fadvise(2) with POSIX_FADV_WILLNEED: the kernel begins to read a range of a
// file from its disk, and WillNeed doesn't wait for it.
func WillNeed(fd int, off, n int64) error { return unix.Fadvise(fd, off, n, unix.FADV_WILLNEED) }

// Pagesize is the size of a page of memory, in bytes.
func Pagesize() int { return unix.Getpagesize() }

// CloseOnExec is fcntl(2) with F_SETFD and FD_CLOEXEC.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// ClosesOnExec reports whether FD_CLOEXEC is set: fcntl(2) with F_GETFD.
func ClosesOnExec(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags&unix.FD_CLOEXEC != 0, err
}

// MemfdCreate is memfd_create(2). The file can be sealed, and its descriptor closes at exec.
func MemfdCreate(name string) (fd int, err error) {
	return unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
}

// Ftruncate is ftruncate(2).
func Ftruncate(fd int, size int64) error { return unix.Ftruncate(fd, size) }

// AddSeals is fcntl(2) with F_ADD_SEALS.
func AddSeals(fd, seals int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return err
}

// MmapShared is mmap(2) of a whole file, for reading and writing, shared with other processes.
func MmapShared(fd, size int) ([]byte, error) {
	return unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

// IsTerminal reports whether fd is a terminal: ioctl(2) with TCGETS.
func IsTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
