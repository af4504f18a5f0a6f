//go:build sim || js

package sys

import (
	"os"
	"time"

	"threeloops/common/sim"
)

// Event flags of poll(2). The flags of epoll(7) have the same values.
const (
	POLLIN  = sim.POLLIN
	POLLOUT = sim.POLLOUT
)

// PollFd is poll(2)'s struct pollfd.
type PollFd = sim.PollFd

// EpollEvent is epoll(7)'s struct epoll_event. Fd is the descriptor that EpollCtl was given.
type EpollEvent = sim.EpollEvent

// EpollCreate is epoll_create1(2).
func EpollCreate() (int, error) {
	ep, err := self().EpollCreate1(sim.EPOLL_CLOEXEC)
	return ep, os.NewSyscallError("epoll_create1", err)
}

// The operations of EpollCtl.
const (
	EPOLL_CTL_ADD = sim.EPOLL_CTL_ADD
	EPOLL_CTL_MOD = sim.EPOLL_CTL_MOD
)

// EpollCtl is epoll_ctl(2): from now on ep watches fd for events, which are event flags,
// level-triggered.
func EpollCtl(ep, op, fd int, events uint32) error {
	e := sim.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", self().EpollCtl(ep, op, fd, &e))
}

func poll(fds []PollFd, milliseconds int) (int, error) { return self().Poll(fds, milliseconds) }

func ppoll(fds []PollFd, d time.Duration) (int, error) { return self().Ppoll(fds, d) }

func epollWait(ep int, events []EpollEvent, milliseconds int) (int, error) {
	return self().EpollWait(ep, events, milliseconds)
}
