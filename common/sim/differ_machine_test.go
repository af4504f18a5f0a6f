//go:build linux

package sim_test

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"threeloops/common/sim"
)

// machine is a kernel as a process sees it. A *sim.Thread is one, and linux is the other.
type machine interface {
	Socket(family, typ, proto int) (int, error)
	Socketpair(family, typ, proto int) ([2]int, error)
	Bind(fd int, a sim.Sockaddr) error
	Listen(fd, backlog int) error
	Connect(fd int, a sim.Sockaddr) error
	Accept4(fd, flags int) (int, error)
	Getsockname(fd int) (sim.Sockaddr, error)
	Getpeername(fd int) (sim.Sockaddr, error)
	SetsockoptInt(fd, level, option, value int) error
	GetsockoptInt(fd, level, option int) (int, error)
	SetLinger(fd, onoff, seconds int) error
	Shutdown(fd, how int) error
	Sendmsg(fd int, bufs [][]byte, rights []int, flags int) (int, error)
	Recvmsg(fd int, p []byte, room int, flags int) (n int, rights []int, out int, err error)
	Outq(fd int) (int, error)
	Read(fd int, p []byte) (int, error)
	Write(fd int, p []byte) (int, error)
	Close(fd int) error
	Dup(fd int) (int, error)
	Dup3(from, to, flags int) error
	ClosesOnExec(fd int) (bool, error)
	Eventfd(initial uint, flags int) (int, error)
	EpollCreate1(flags int) (int, error)
	EpollCtl(epfd, op, fd int, e *sim.EpollEvent) error
	EpollWait(epfd int, events []sim.EpollEvent, timeout int) (int, error)
	Poll(fds []sim.PollFd, timeout int) (int, error)
}

// linux is the real kernel. Its descriptors are counted from 0 as in a process that has none yet:
// number n is the n-th number that was free when the sequence began. A kernel gives out the lowest
// free number, so both machines count alike.
type linux struct {
	free   []int
	before unix.Rlimit // the limit of the test's process, if a case has changed it
}

// mostNumbers is how many descriptors a sequence may have.
const mostNumbers = 64

// onLinux calls f with the real kernel, in a thread with a descriptor table of its own. So neither
// another test nor the runtime can take or free a number meanwhile.
func onLinux(f func(l *linux)) {
	finished := make(chan struct{})
	go inOwnThread(func() {
		defer close(finished)
		// Where a container forbids unshare, the table stays shared. That is enough as long as
		// nothing else opens a descriptor.
		_ = unix.Unshare(unix.CLONE_FILES)
		f(newLinux())
	})
	<-finished
}

// inOwnThread calls f in a thread that ends with the calling goroutine, and isn't the process's first
// one: /proc/self shows the table of that thread, which other tests need, and which never ends.
func inOwnThread(f func()) {
	warmUp()
	runtime.LockOSThread() // until the goroutine ends, and the thread with it
	if unix.Gettid() != os.Getpid() {
		f()
		return
	}
	finished := make(chan struct{})
	go func() { // while this thread is locked, another goroutine gets another thread
		defer close(finished)
		inOwnThread(f)
	}()
	<-finished
	runtime.UnlockOSThread()
}

// newLinux counts from the numbers that are free in the calling thread's table.
func newLinux() *linux {
	l := &linux{}
	for fd := 0; len(l.free) < mostNumbers; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			l.free = append(l.free, fd)
		}
	}
	return l
}

// warmUp makes the runtime open its own epoll descriptor now. If it did so in a thread with a table of
// its own, no other thread would have the descriptor.
func warmUp() {
	r, w, err := os.Pipe()
	if err == nil {
		r.Close()
		w.Close()
	}
}

// limit makes the kernel refuse all numbers from n on: RLIMIT_NOFILE. It is the limit of the whole
// test, so a case that has it must be short.
func (l *linux) limit(n int) error {
	if l.before == (unix.Rlimit{}) {
		if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &l.before); err != nil {
			return failed(err)
		}
	}
	return failed(unix.Prlimit(0, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(l.free[n]), Max: l.before.Max}, nil))
}

// unlimit takes the limit back.
func (l *linux) unlimit() error {
	if l.before == (unix.Rlimit{}) {
		return nil
	}
	return failed(unix.Prlimit(0, unix.RLIMIT_NOFILE, &l.before, nil))
}

// fd is the real number of a descriptor, or one that can't exist.
func (l *linux) fd(n int) int {
	if n < 0 || n >= len(l.free) {
		return n | 1<<20 // negative numbers stay negative
	}
	return l.free[n]
}

// number is the reverse of fd.
func (l *linux) number(fd int) int {
	for n, free := range l.free {
		if free == fd {
			return n
		}
	}
	return -1
}

// opened turns the result of a call that returns a descriptor.
func (l *linux) opened(fd int, err error) (int, error) {
	if err != nil {
		return -1, failed(err)
	}
	return l.number(fd), nil
}

// failed returns an error of the real kernel as one of sim.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return sim.Errno(err.(unix.Errno))
}

func count(n int, err error) (int, error) {
	if err != nil {
		n = -1
	}
	return n, failed(err)
}

func (l *linux) Socket(family, typ, proto int) (int, error) {
	return l.opened(unix.Socket(family, typ, proto))
}

func (l *linux) Socketpair(family, typ, proto int) ([2]int, error) {
	fds, err := unix.Socketpair(family, typ, proto)
	return [2]int{l.number(fds[0]), l.number(fds[1])}, failed(err)
}

func (l *linux) Bind(fd int, a sim.Sockaddr) error { return failed(unix.Bind(l.fd(fd), toLinux(a))) }
func (l *linux) Listen(fd, backlog int) error      { return failed(unix.Listen(l.fd(fd), backlog)) }
func (l *linux) Connect(fd int, a sim.Sockaddr) error {
	return failed(unix.Connect(l.fd(fd), toLinux(a)))
}
func (l *linux) Shutdown(fd, how int) error { return failed(unix.Shutdown(l.fd(fd), how)) }
func (l *linux) Close(fd int) error         { return failed(unix.Close(l.fd(fd))) }
func (l *linux) Dup(fd int) (int, error)    { return l.opened(unix.Dup(l.fd(fd))) }
func (l *linux) Dup3(from, to, flags int) error {
	return failed(unix.Dup3(l.fd(from), l.fd(to), flags))
}

func (l *linux) Accept4(fd, flags int) (int, error) {
	n, _, err := unix.Accept4(l.fd(fd), flags)
	return l.opened(n, err)
}

func (l *linux) Getsockname(fd int) (sim.Sockaddr, error) {
	a, err := unix.Getsockname(l.fd(fd))
	return fromLinux(a), failed(err)
}

func (l *linux) Getpeername(fd int) (sim.Sockaddr, error) {
	a, err := unix.Getpeername(l.fd(fd))
	return fromLinux(a), failed(err)
}

func (l *linux) SetsockoptInt(fd, level, option, value int) error {
	return failed(unix.SetsockoptInt(l.fd(fd), level, option, value))
}

func (l *linux) GetsockoptInt(fd, level, option int) (int, error) {
	return count(unix.GetsockoptInt(l.fd(fd), level, option))
}

func (l *linux) SetLinger(fd, onoff, seconds int) error {
	linger := unix.Linger{Onoff: int32(onoff), Linger: int32(seconds)}
	return failed(unix.SetsockoptLinger(l.fd(fd), unix.SOL_SOCKET, unix.SO_LINGER, &linger))
}

func (l *linux) Sendmsg(fd int, bufs [][]byte, rights []int, flags int) (int, error) {
	var control []byte
	if len(rights) > 0 {
		fds := make([]int, len(rights))
		for i, n := range rights {
			fds[i] = l.fd(n)
		}
		control = unix.UnixRights(fds...)
	}
	return count(unix.SendmsgBuffers(l.fd(fd), bufs, control, nil, flags))
}

func (l *linux) Recvmsg(fd int, p []byte, room, flags int) (int, []int, int, error) {
	var control []byte
	if room > 0 {
		control = make([]byte, unix.CmsgLen(4*room))
	}
	n, used, out, _, err := unix.Recvmsg(l.fd(fd), p, control, flags)
	if err != nil {
		return -1, nil, 0, failed(err)
	}
	var rights []int
	messages, _ := unix.ParseSocketControlMessage(control[:used])
	for i := range messages {
		fds, _ := unix.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			rights = append(rights, l.number(fd))
		}
	}
	return n, rights, out, nil
}

func (l *linux) Outq(fd int) (int, error) {
	return count(unix.IoctlGetInt(l.fd(fd), unix.SIOCOUTQ))
}

func (l *linux) Read(fd int, p []byte) (int, error)  { return count(unix.Read(l.fd(fd), p)) }
func (l *linux) Write(fd int, p []byte) (int, error) { return count(unix.Write(l.fd(fd), p)) }

func (l *linux) ClosesOnExec(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(l.fd(fd)), unix.F_GETFD, 0)
	return err == nil && flags&unix.FD_CLOEXEC != 0, failed(err)
}

func (l *linux) Eventfd(initial uint, flags int) (int, error) {
	return l.opened(unix.Eventfd(initial, flags))
}

func (l *linux) EpollCreate1(flags int) (int, error) { return l.opened(unix.EpollCreate1(flags)) }

func (l *linux) EpollCtl(epfd, op, fd int, e *sim.EpollEvent) error {
	var event *unix.EpollEvent
	if e != nil {
		event = &unix.EpollEvent{Events: e.Events, Fd: e.Fd, Pad: e.Pad}
	}
	return failed(unix.EpollCtl(l.fd(epfd), op, l.fd(fd), event))
}

func (l *linux) EpollWait(epfd int, events []sim.EpollEvent, timeout int) (int, error) {
	real := make([]unix.EpollEvent, len(events))
	n, err := unix.EpollWait(l.fd(epfd), real, timeout)
	for i := range max(n, 0) {
		events[i] = sim.EpollEvent{Events: real[i].Events, Fd: real[i].Fd, Pad: real[i].Pad}
	}
	return count(n, err)
}

func (l *linux) Poll(fds []sim.PollFd, timeout int) (int, error) {
	real := make([]unix.PollFd, len(fds))
	for i, f := range fds {
		if real[i] = (unix.PollFd{Fd: f.Fd, Events: f.Events}); f.Fd >= 0 {
			real[i].Fd = int32(l.fd(int(f.Fd)))
		}
	}
	n, err := unix.Poll(real, timeout)
	for i := range fds {
		fds[i].Revents = real[i].Revents
	}
	return count(n, err)
}

func toLinux(a sim.Sockaddr) unix.Sockaddr {
	if in, ok := a.(*sim.SockaddrInet6); ok {
		return &unix.SockaddrInet6{Port: in.Port, Addr: in.Addr}
	}
	in := a.(*sim.SockaddrInet4)
	return &unix.SockaddrInet4{Port: in.Port, Addr: in.Addr}
}

// fromLinux returns nil for an address that no test compares.
func fromLinux(a unix.Sockaddr) sim.Sockaddr {
	switch in := a.(type) {
	case *unix.SockaddrInet4:
		return &sim.SockaddrInet4{Port: in.Port, Addr: in.Addr}
	case *unix.SockaddrInet6:
		return &sim.SockaddrInet6{Port: in.Port, Addr: in.Addr}
	}
	return nil
}
