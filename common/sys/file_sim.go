//go:build sim || js

package sys

import "threeloops/common/sim"

// The flags and types of files that the servers use.
const (
	O_RDONLY    = sim.O_RDONLY
	O_NONBLOCK  = sim.O_NONBLOCK
	O_NOCTTY    = sim.O_NOCTTY
	O_PATH      = sim.O_PATH
	O_DIRECTORY = sim.O_DIRECTORY
	O_CLOEXEC   = sim.O_CLOEXEC

	RESOLVE_BENEATH       = sim.RESOLVE_BENEATH
	RESOLVE_NO_MAGICLINKS = sim.RESOLVE_NO_MAGICLINKS
	AT_NO_AUTOMOUNT       = sim.AT_NO_AUTOMOUNT

	S_IFMT  = sim.S_IFMT
	S_IFREG = sim.S_IFREG
	S_IFDIR = sim.S_IFDIR

	EFD_NONBLOCK = sim.EFD_NONBLOCK
	EFD_CLOEXEC  = sim.EFD_CLOEXEC

	F_SEAL_WRITE  = sim.F_SEAL_WRITE
	F_SEAL_SHRINK = sim.F_SEAL_SHRINK
	F_SEAL_GROW   = sim.F_SEAL_GROW
	F_SEAL_SEAL   = sim.F_SEAL_SEAL
)

type (
	// Stat_t is stat(2)'s struct stat.
	Stat_t = sim.Stat_t
	// Timespec is a time in seconds and nanoseconds, struct timespec.
	Timespec = sim.Timespec
	// OpenHow is openat2(2)'s struct open_how.
	OpenHow = sim.OpenHow
)

// Open is open(2). It creates no file.
func Open(path string, flags int) (fd int, err error) { return self().Open(path, flags, 0) }

// Openat2 is openat2(2).
func Openat2(dir int, path string, how *OpenHow) (fd int, err error) {
	return self().Openat2(dir, path, how)
}

// Stat is stat(2).
func Stat(path string, st *Stat_t) error { return self().Stat(path, st) }

// Fstat is fstat(2).
func Fstat(fd int, st *Stat_t) error { return self().Fstat(fd, st) }

// Fstatat is fstatat(2).
func Fstatat(dir int, path string, st *Stat_t, flags int) error {
	return self().Fstatat(dir, path, st, flags)
}

// Read is read(2), which may sleep.
func Read(fd int, p []byte) (int, error) { return self().Read(fd, p) }

// Write is write(2), which may sleep.
func Write(fd int, p []byte) (int, error) { return self().Write(fd, p) }

// Pread is pread(2).
func Pread(fd int, p []byte, off int64) (int, error) { return self().Pread(fd, p, off) }

// Pwrite is pwrite(2).
func Pwrite(fd int, p []byte, off int64) (int, error) { return self().Pwrite(fd, p, off) }

// Close is close(2).
func Close(fd int) error { return self().Close(fd) }

// Dup3 is dup3(2).
func Dup3(from, to, flags int) error { return self().Dup3(from, to, flags) }

// Pipe2 is pipe2(2).
func Pipe2(fds []int, flags int) error { return self().Pipe2(fds, flags) }

// Eventfd is eventfd2(2).
func Eventfd(initial uint, flags int) (fd int, err error) { return self().Eventfd(initial, flags) }

// Cachestat is cachestat(2): how many pages of a range of a file are in the page cache.
func Cachestat(fd int, off, n int64) (pages int64, err error) { return self().Cachestat(fd, off, n) }

// WillNeed is posix_fadvise(2) with POSIX_FADV_WILLNEED.
func WillNeed(fd int, off, n int64) error { return self().Fadvise(fd, off, n, sim.POSIX_FADV_WILLNEED) }

// Pagesize is the size of a page of memory, in bytes.
func Pagesize() int { return sim.Pagesize }

// CloseOnExec is fcntl(2) with F_SETFD and FD_CLOEXEC.
func CloseOnExec(fd int) { self().CloseOnExec(fd) }

// ClosesOnExec reports whether FD_CLOEXEC is set: fcntl(2) with F_GETFD.
func ClosesOnExec(fd int) (bool, error) { return self().ClosesOnExec(fd) }

// MemfdCreate is memfd_create(2). The file can be sealed, and its descriptor closes at exec.
func MemfdCreate(name string) (fd int, err error) {
	return self().MemfdCreate(name, sim.MFD_CLOEXEC|sim.MFD_ALLOW_SEALING)
}

// Ftruncate is ftruncate(2).
func Ftruncate(fd int, size int64) error { return self().Ftruncate(fd, size) }

// AddSeals is fcntl(2) with F_ADD_SEALS.
func AddSeals(fd, seals int) error { return self().AddSeals(fd, seals) }

// MmapShared is mmap(2) of a whole file, for reading and writing, shared with other processes.
func MmapShared(fd, size int) ([]byte, error) {
	return self().Mmap(fd, 0, size, sim.PROT_READ|sim.PROT_WRITE, sim.MAP_SHARED)
}

// IsTerminal reports whether fd is a terminal. The simulated kernel has none.
func IsTerminal(fd int) bool { return false }
