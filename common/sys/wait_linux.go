//go:build linux && !sim

package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// Event flags of poll(2). The flags of epoll(7) have the same values.
const (
	POLLIN  = unix.POLLIN
	POLLOUT = unix.POLLOUT
)

// PollFd is poll(2)'s struct pollfd.
type PollFd = unix.PollFd

// EpollEvent is epoll(7)'s struct epoll_event. Fd is the descriptor that EpollCtl was given.
type EpollEvent = unix.EpollEvent

// EpollCreate is epoll_create1(2).
func EpollCreate() (int, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return ep, os.NewSyscallError("epoll_create1", err)
}

// The operations of EpollCtl.
const (
	EPOLL_CTL_ADD = unix.EPOLL_CTL_ADD
	EPOLL_CTL_MOD = unix.EPOLL_CTL_MOD
)

// EpollCtl is epoll_ctl(2): from now on ep watches fd for events, which are event flags,
// level-triggered.
func EpollCtl(ep, op, fd int, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(ep, op, fd, &e))
}

func poll(fds []PollFd, milliseconds int) (int, error) { return unix.Poll(fds, milliseconds) }

func epollWait(ep int, events []EpollEvent, milliseconds int) (int, error) {
	return unix.EpollWait(ep, events, milliseconds)
}
