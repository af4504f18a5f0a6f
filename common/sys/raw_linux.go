//go:build linux && !sim && !portable

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls in this file can't sleep, because their sockets are non-blocking. (ppoll can, but
// not for long.) So they use RawSyscall, which doesn't tell the Go scheduler. Otherwise the
// scheduler would prepare for a thread that sleeps, which costs about 0.3 µs for each call. The
// calls allocate nothing.

// Vector is the memory for RawSend's iovec list. The caller keeps it, so that no call allocates.
type Vector struct {
	iov [64]unix.Iovec
	msg unix.Msghdr
}

// RawRead is read(2) on a non-blocking descriptor.
func RawRead(fd int, p []byte) (int, error) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, errno)
}

// RawSend is sendto(2) or sendmsg(2) of up to 64 buffers on a non-blocking socket, without SIGPIPE.
// With more (MSG_MORE) the kernel doesn't send a segment that isn't full before more bytes follow.
func RawSend(fd int, bufs [][]byte, more bool, v *Vector) (int, error) {
	flags := uintptr(unix.MSG_NOSIGNAL)
	if more {
		flags |= unix.MSG_MORE
	}
	if len(bufs) == 1 {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(bufs[0]))), uintptr(len(bufs[0])), flags, 0, 0)
		return result(n, errno)
	}
	for i, p := range bufs {
		v.iov[i].Base = unsafe.SliceData(p)
		v.iov[i].SetLen(len(p))
	}
	v.msg.Iov = &v.iov[0]
	v.msg.SetIovlen(len(bufs))
	n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&v.msg)), flags)
	clear(v.iov[:len(bufs)]) // pointers left here would keep the buffers from being collected
	return result(n, errno)
}

// RawAccept4 is accept4(2) on a non-blocking listener. The connection is non-blocking, and closes
// at exec. RawAccept4 doesn't ask for the peer's address, because few callers need it, and package
// unix would allocate it for each connection.
func RawAccept4(fd int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0,
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return result(n, errno)
}

// ppoll is ppoll(2), and sleeps for d at most. When the Go runtime wants to stop the thread, for
// instance to collect garbage, it sends a signal, and ppoll returns EINTR. So the collector doesn't
// wait for the sleep to end.
func ppoll(fds []PollFd, d time.Duration) (int, error) {
	limit := unix.NsecToTimespec(int64(d))
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(fds))),
		uintptr(len(fds)), uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	return result(n, errno)
}

func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errnoError(errno)
	}
	return int(n), nil
}

// errnoError turns an errno into an error. For EAGAIN, which the loops get all the time, it returns
// a value that exists already, so that no interface is allocated.
func errnoError(errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return unix.EAGAIN
	}
	return errno
}
