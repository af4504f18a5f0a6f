package sys

import (
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Event flags of poll(2). Those of epoll have the same values.
const (
	POLLIN  = unix.POLLIN
	POLLOUT = unix.POLLOUT
)

// Forever is a timeout that never comes.
const Forever = time.Duration(-1)

// PollFd is poll(2)'s struct pollfd.
type PollFd = unix.PollFd

// Poll waits until one of fds is ready or d has passed, and returns how many are ready; 0 also
// after a signal. Any error is a reason to write to the log, and none to end a server that still
// has clients: Poll has slept for a moment then, and the caller goes on.
func Poll(fds []PollFd, d time.Duration) (int, error) {
	n, err := unix.Poll(fds, milliseconds(d))
	return pollResult(fds, d, n, err)
}

// pollResult decides what each errno of poll(2) and ppoll(2) means.
func pollResult(fds []PollFd, d time.Duration, n int, err error) (int, error) {
	switch err {
	case nil:
		return n, nil
	case unix.EINVAL: // more descriptors than RLIMIT_NOFILE, which was lowered (prlimit(2))
		return pollParts(fds, d, MaxFiles())
	}
	for i := range fds {
		fds[i].Revents = 0 // they are still those of the wait before
	}
	switch err {
	case unix.EINTR:
		return 0, nil
	case unix.ENOMEM: // for a list as long as fds: after a moment there may be some
		time.Sleep(retryPause)
		return 0, nil
	}
	time.Sleep(retryPause) // EFAULT, or whatever a sandbox invents
	return 0, os.NewSyscallError("poll", err)
}

// pollParts polls a list that is longer than RLIMIT_NOFILE. It looks at one part after the other,
// and again after a moment. A limit of 0 allows no part at all: then each descriptor counts as
// ready after a moment: read(2), write(2) and accept(2) tell if it isn't.
func pollParts(fds []PollFd, d time.Duration, most int) (ready int, err error) {
	if most == 0 {
		sleepAtMost(d)
		for i := range fds {
			fds[i].Revents = 0
			if fds[i].Fd >= 0 && fds[i].Events != 0 {
				fds[i].Revents = fds[i].Events
				ready++
			}
		}
		return ready, nil
	}
	for part := range slices.Chunk(fds, most) {
		n, err := unix.Poll(part, 0)
		if err != nil {
			for i := range part {
				part[i].Revents = 0 // the next wait will tell
			}
			continue
		}
		ready += n
	}
	if ready == 0 {
		sleepAtMost(d)
	}
	return ready, nil
}

// sleepAtMost sleeps for a moment, but no longer than d, of which a negative one is Forever.
func sleepAtMost(d time.Duration) {
	if d < 0 || d > retryPause {
		d = retryPause
	}
	time.Sleep(d)
}

// retryPause is how long to wait before a call that failed is tried again, because of a lack of
// memory mostly.
const retryPause = 10 * time.Millisecond

// pollSoonLimit is how long PollSoon keeps a thread from the Go scheduler: longer than a
// hundred busy processes need to run once each, shorter than a person notices.
const pollSoonLimit = 5 * time.Millisecond

// PollSoon is Poll for a caller that expects an event soon: it waits no longer than
// some milliseconds, and without telling the Go scheduler, which would wake
// other threads at each sleep to see which could run meanwhile. That is half the
// cost of a small message, where each has a wait of its own. When nothing has
// come, wait by Poll: a thread that the scheduler believes to be running costs
// it, again and again, a look at why it doesn't stop.
func PollSoon(fds []PollFd, d time.Duration) (int, error) {
	if d < 0 {
		d = pollSoonLimit
	}
	d = min(d, pollSoonLimit)
	n, err := rawPpoll(fds, d)
	return pollResult(fds, d, n, err)
}

// EpollEvent is epoll(7)'s struct epoll_event; Fd is what EpollCtl was given.
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

// EpollCtl changes what ep watches of fd: the event flags events, level-triggered.
func EpollCtl(ep, op, fd int, events uint32) error {
	e := unix.EpollEvent{Events: events, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(ep, op, fd, &e))
}

// EpollWait waits until a descriptor of ep is ready or d has passed, and
// returns how many events it wrote; 0 also when a signal came. As after Poll, an error
// is a reason to write to the log, and none to end: EpollWait has slept for a moment.
func EpollWait(ep int, events []EpollEvent, d time.Duration) (int, error) {
	n, err := unix.EpollWait(ep, events, milliseconds(d))
	switch err {
	case nil:
		return n, nil
	case unix.EINTR:
		return 0, nil
	}
	time.Sleep(retryPause) // EBADF, EFAULT, EINVAL, or whatever a sandbox invents
	return 0, os.NewSyscallError("epoll_wait", err)
}

// milliseconds rounds up, so that what is due is due when the wait returns.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	const most = 1 << 30 * time.Millisecond // the argument is a C int
	return int((min(d, most) + time.Millisecond - 1) / time.Millisecond)
}
