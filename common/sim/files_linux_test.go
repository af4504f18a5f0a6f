package sim_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/sim"
)

// TestFilesDoOnLinuxWhatIsWritten plays the same cases to Linux, in a temporary directory.
func TestFilesDoOnLinuxWhatIsWritten(t *testing.T) {
	for _, c := range filesCases(t) {
		c.compare(t, "Linux", onLinuxFiles(t, func(m filesMachine) []string { return c.play(m) }))
	}
}

// onLinuxFiles calls f with a directory of Linux. It runs in a thread that ends afterwards, because
// Forbid gives the thread another user.
func onLinuxFiles(t *testing.T, f func(m filesMachine) []string) (results []string) {
	t.Helper()
	m := &linuxFiles{t: t, base: t.TempDir()}
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &m.limit); err != nil {
		t.Fatal(err)
	}
	m.must(os.Chmod(filepath.Dir(m.base), 0o755)) // another user must get through
	t.Chdir(m.base)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer func() {
			m.Limit(-1)
			for _, fd := range m.opened {
				unix.Close(fd)
			}
		}()
		results = f(m)
	}()
	<-done
	return results
}

// linuxFiles is a filesMachine.
type linuxFiles struct {
	t      *testing.T
	base   string
	limit  unix.Rlimit
	opened []int // may be closed already
}

func (m *linuxFiles) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Error(err)
	}
}

func (m *linuxFiles) at(path string) string { return filepath.Join(m.base, path) }

func (m *linuxFiles) WriteFile(path string, data []byte) {
	m.must(os.WriteFile(m.at(path), data, 0o644))
}
func (m *linuxFiles) Mkdir(path string)             { m.must(os.Mkdir(m.at(path), 0o755)) }
func (m *linuxFiles) Symlink(target, path string)   { m.must(os.Symlink(target, m.at(path))) }
func (m *linuxFiles) Mkfifo(path string)            { m.must(unix.Mkfifo(m.at(path), 0o644)) }
func (m *linuxFiles) Remove(path string)            { m.must(os.Remove(m.at(path))) }
func (m *linuxFiles) Rename(from, to string)        { m.must(unix.Rename(m.at(from), m.at(to))) }
func (m *linuxFiles) Truncate(path string, n int64) { m.must(os.Truncate(m.at(path), n)) }
func (m *linuxFiles) Base() string                  { return m.base }

func (m *linuxFiles) Forbid(path string) {
	m.must(os.Chmod(m.at(path), 0))
	_ = unix.Setfsuid(65534)                            // root could open the file nevertheless; for another user this fails
	m.t.Cleanup(func() { os.Chmod(m.at(path), 0o755) }) // else only root can remove the directory
}

func (m *linuxFiles) Chtimes(path string, mtime time.Time) {
	m.must(os.Chtimes(m.at(path), time.Time{}, mtime))
}

func (m *linuxFiles) Limit(files int) {
	limit := m.limit
	if files >= 0 {
		limit.Cur = uint64(files)
	}
	m.must(unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
}

// errno returns an error of Linux as one of sim.
func errno(err error) error {
	if e, ok := err.(unix.Errno); ok {
		return sim.Errno(e)
	}
	return err
}

// new notes a descriptor.
func (m *linuxFiles) new(fd int, err error) (int, error) {
	if err == nil {
		m.opened = append(m.opened, fd)
	}
	return fd, errno(err)
}

func (m *linuxFiles) Open(path string, flags int, mode uint32) (int, error) {
	return m.new(unix.Open(path, flags, mode))
}

func (m *linuxFiles) Openat2(dir int, path string, how *sim.OpenHow) (int, error) {
	return m.new(unix.Openat2(dir, path, &unix.OpenHow{Flags: how.Flags, Mode: how.Mode, Resolve: how.Resolve}))
}

func (m *linuxFiles) Fstatat(dir int, path string, st *sim.Stat_t, flags int) error {
	var u unix.Stat_t
	err := unix.Fstatat(dir, path, &u, flags)
	*st = statFromLinux(u)
	return errno(err)
}

func (m *linuxFiles) Stat(path string, st *sim.Stat_t) error {
	return m.Fstatat(unix.AT_FDCWD, path, st, 0)
}

func (m *linuxFiles) Fstat(fd int, st *sim.Stat_t) error {
	var u unix.Stat_t
	err := unix.Fstat(fd, &u)
	*st = statFromLinux(u)
	return errno(err)
}

func statFromLinux(u unix.Stat_t) sim.Stat_t {
	return sim.Stat_t{
		Dev: uint64(u.Dev), Ino: u.Ino, Mode: u.Mode, Size: u.Size,
		Mtim: sim.Timespec{Sec: int64(u.Mtim.Sec), Nsec: int64(u.Mtim.Nsec)},
	}
}

func both(n int, err error) (int, error) { return n, errno(err) }

func (m *linuxFiles) Read(fd int, p []byte) (int, error)  { return both(unix.Read(fd, p)) }
func (m *linuxFiles) Write(fd int, p []byte) (int, error) { return both(unix.Write(fd, p)) }
func (m *linuxFiles) Pread(fd int, p []byte, off int64) (int, error) {
	return both(unix.Pread(fd, p, off))
}
func (m *linuxFiles) Pwrite(fd int, p []byte, off int64) (int, error) {
	return both(unix.Pwrite(fd, p, off))
}
func (m *linuxFiles) Close(fd int) error      { return errno(unix.Close(fd)) }
func (m *linuxFiles) Dup(fd int) (int, error) { return m.new(unix.Dup(fd)) }

func (m *linuxFiles) ClosesOnExec(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return flags&unix.FD_CLOEXEC != 0, errno(err)
}

func (m *linuxFiles) Cachestat(fd int, off, n int64) (int64, error) {
	var cached unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{Off: uint64(off), Len: uint64(n)}, &cached, 0)
	return int64(cached.Cache), errno(err)
}

func (m *linuxFiles) Fadvise(fd int, off, n int64, advice int) error {
	return errno(unix.Fadvise(fd, off, n, advice))
}

func (m *linuxFiles) MemfdCreate(name string, flags int) (int, error) {
	return m.new(unix.MemfdCreate(name, flags))
}
func (m *linuxFiles) Ftruncate(fd int, size int64) error { return errno(unix.Ftruncate(fd, size)) }

func (m *linuxFiles) AddSeals(fd, seals int) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return errno(err)
}

func (m *linuxFiles) Mmap(fd int, off int64, n, prot, flags int) ([]byte, error) {
	p, err := unix.Mmap(fd, off, n, prot, flags)
	return p, errno(err)
}

func (m *linuxFiles) Sendfile(out, in int, off *int64, n int) (int, error) {
	return both(unix.Sendfile(out, in, off, n))
}

func (m *linuxFiles) Eventfd(initial uint, flags int) (int, error) {
	return m.new(unix.Eventfd(initial, flags))
}
func (m *linuxFiles) EpollCreate1(flags int) (int, error) { return m.new(unix.EpollCreate1(flags)) }

func (m *linuxFiles) EpollCtl(epfd, op, fd int, e *sim.EpollEvent) error {
	return errno(unix.EpollCtl(epfd, op, fd, &unix.EpollEvent{Events: e.Events, Fd: e.Fd}))
}

func (m *linuxFiles) Poll(fds []sim.PollFd, timeout int) (int, error) {
	list := make([]unix.PollFd, len(fds))
	for i, f := range fds {
		list[i] = unix.PollFd{Fd: f.Fd, Events: f.Events}
	}
	n, err := unix.Poll(list, timeout)
	for i := range fds {
		fds[i].Revents = list[i].Revents
	}
	return n, errno(err)
}

func (m *linuxFiles) Connection() (a, b int) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	m.must(err)
	defer unix.Close(l)
	m.must(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	m.must(unix.Listen(l, 1))
	at, err := unix.Getsockname(l)
	m.must(err)
	a, err = m.new(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	m.must(err)
	m.must(unix.Connect(a, at))
	m.must(unix.SetNonblock(a, true))
	b, _, err = unix.Accept4(l, unix.SOCK_NONBLOCK)
	m.must(err)
	m.opened = append(m.opened, b)
	return a, b
}
