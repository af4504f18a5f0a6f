package server

import (
	"os"

	"threeloops/common/sys"
)

// Waker wakes a loop that waits in poll or epoll_wait. It is an eventfd(2), which is readable from
// Wake until Clear. Any goroutine may call Wake.
type Waker struct{ FD int }

// NewWaker returns a Waker that is not readable.
func NewWaker() (*Waker, error) {
	fd, err := sys.Eventfd(0, sys.EFD_NONBLOCK|sys.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd2", err)
	}
	return &Waker{FD: fd}, nil
}

// Wake makes the Waker readable. Calling it twice is the same as once.
func (w *Waker) Wake() {
	one := [8]byte{1}
	for {
		if _, err := sys.Write(w.FD, one[:]); err != sys.EINTR {
			return // EAGAIN, after 2^64-2 calls without a Clear: then it is readable already
		}
	}
}

// Clear makes the Waker unreadable.
func (w *Waker) Clear() {
	var count [8]byte
	sys.Read(w.FD, count[:])
}

// Close closes the Waker.
func (w *Waker) Close() { sys.Close(w.FD) }
