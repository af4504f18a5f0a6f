package server

import (
	"os"

	"threeloops/common/sys"
)

// Bell wakes a loop that waits in poll or epoll_wait: an eventfd(2), readable
// from Ring until Quiet. Ring may be called from any goroutine.
type Bell struct{ FD int }

// NewBell returns a silent bell.
func NewBell() (*Bell, error) {
	fd, err := sys.Eventfd(0, sys.EFD_NONBLOCK|sys.EFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("eventfd2", err)
	}
	return &Bell{FD: fd}, nil
}

// Ring makes the bell readable. Ringing twice is the same as once.
func (b *Bell) Ring() {
	one := [8]byte{1}
	sys.Write(b.FD, one[:]) // fails only when it has rung 2^64-2 times unheard
}

// Quiet makes the bell silent again.
func (b *Bell) Quiet() {
	var count [8]byte
	sys.Read(b.FD, count[:])
}

// Close closes the bell.
func (b *Bell) Close() { sys.Close(b.FD) }
