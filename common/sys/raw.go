//go:build !portable

package sys

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file can't sleep, because their sockets are non-blocking; only
// rawPpoll can, and not for long. So they go past the Go scheduler (RawSyscall),
// which otherwise prepares for a thread that stays away, at about 0.3 µs a call;
// and they allocate nothing.

// Vector is the memory of RawSend's iovec list, which the caller keeps so that no call allocates.
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
// With more (MSG_MORE) the kernel waits for what follows before it sends a segment that isn't full.
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
	clear(v.iov[:len(bufs)]) // or the buffers could not be collected
	return result(n, errno)
}

// RawAccept4 is accept4(2) on a non-blocking listener. The connection is non-blocking, and is
// closed at exec. RawAccept4 doesn't ask for the peer's address: few want it, and package unix
// would make garbage of it for everyone.
func RawAccept4(fd int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0,
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	return result(n, errno)
}

// rawPpoll sleeps, for d at most. The signal by which the runtime asks a thread to
// stop ends it with EINTR, so that a collection of garbage doesn't wait for it.
func rawPpoll(fds []PollFd, d time.Duration) (int, error) {
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

// errnoError avoids the allocation of an interface for the error that every
// loop meets all the time.
func errnoError(errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return unix.EAGAIN
	}
	return errno
}
