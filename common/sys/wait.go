package sys

import (
	"os"
	"slices"
	"time"
)

// Forever is the timeout of a wait that only an event ends.
const Forever = time.Duration(-1)

// Poll waits until one of fds is ready or d has passed, and returns how many are ready. It also
// returns 0 after a signal. After an error the caller should write to the log and go on, because a
// server that still has clients must not end. Poll has slept for a moment then, so a loop doesn't
// spin.
func Poll(fds []PollFd, d time.Duration) (int, error) {
	n, err := poll(fds, milliseconds(d))
	for tries := 0; looksAgain(d, err, tries); tries++ {
		n, err = poll(fds, 0)
	}
	return pollResult(fds, d, n, err)
}

// looksAgain reports whether a wait without a timeout has to be made again, because the call has
// looked at nothing. A server makes such a wait before a timeout ends a connection: what has arrived
// in time must be found. After a second it gives up.
func looksAgain(d time.Duration, err error, tries int) bool {
	if d != 0 || err != EINTR && err != ENOMEM || tries == int(time.Second/retryPause) {
		return false
	}
	Sleep(retryPause)
	return true
}

// pollResult decides what each errno of poll(2) and ppoll(2) means.
func pollResult(fds []PollFd, d time.Duration, n int, err error) (int, error) {
	switch err {
	case nil:
		return n, nil
	case EINVAL: // fds is longer than RLIMIT_NOFILE, which was lowered meanwhile (prlimit(2))
		return pollParts(fds, d, MaxFiles())
	}
	for i := range fds {
		fds[i].Revents = 0 // the call has failed, so these are the results of an earlier wait
	}
	switch err {
	case EINTR:
		return 0, nil
	case ENOMEM: // the kernel copies the list; after a moment there may be memory for that
		Sleep(retryPause)
		return 0, nil
	}
	Sleep(retryPause) // EFAULT, or an errno that the manual doesn't list, from a sandbox
	return 0, os.NewSyscallError("poll", err)
}

// pollParts polls a list that is longer than RLIMIT_NOFILE: part by part, none longer than most, and
// without waiting. If none is ready, it sleeps for a moment, and the caller's next wait looks
// again.
//
// If most is 0, poll(2) takes no list at all. Then each watched descriptor counts as ready after a
// moment, and read(2), write(2) or accept(2) finds out whether it is.
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
		n, err := poll(part, 0)
		if err != nil {
			for i := range part {
				part[i].Revents = 0 // the next wait looks again
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

// sleepAtMost sleeps for retryPause, but no longer than d. A negative d is Forever.
func sleepAtMost(d time.Duration) {
	if d < 0 || d > retryPause {
		d = retryPause
	}
	Sleep(d)
}

// retryPause is how long to sleep before a call that has failed is tried again. Mostly memory was
// short.
const retryPause = 10 * time.Millisecond

// pollSoonLimit is how long PollSoon may keep a thread without the Go scheduler's knowledge. In
// this time a hundred busy processes can run once each, and a person doesn't notice it.
const pollSoonLimit = 5 * time.Millisecond

// PollSoon is Poll for a caller that expects an event soon. It waits no longer than pollSoonLimit,
// and doesn't tell the Go scheduler. In Poll the scheduler wakes another thread at each sleep, to
// see whether something else could run meanwhile. In a process that waits for each small message,
// this is half of the message's cost.
//
// If no event came, wait by Poll next. While PollSoon sleeps, the scheduler believes that the
// thread is running, and checks again and again why it doesn't stop.
func PollSoon(fds []PollFd, d time.Duration) (int, error) {
	if d < 0 {
		d = pollSoonLimit
	}
	d = min(d, pollSoonLimit)
	n, err := ppoll(fds, d)
	return pollResult(fds, d, n, err)
}

// EpollWait waits until a descriptor of ep is ready or d has passed, and returns how many events it
// has written to events. It also returns 0 after a signal. After an error it has slept for a
// moment, and the caller should write to the log and go on, as after Poll.
func EpollWait(ep int, events []EpollEvent, d time.Duration) (int, error) {
	n, err := epollWait(ep, events, milliseconds(d))
	for tries := 0; looksAgain(d, err, tries); tries++ {
		n, err = epollWait(ep, events, 0)
	}
	switch err {
	case nil:
		return n, nil
	case EINTR:
		return 0, nil
	}
	Sleep(retryPause) // EBADF, EFAULT, EINVAL, or an errno of a sandbox
	return 0, os.NewSyscallError("epoll_wait", err)
}

// milliseconds rounds up, so that a deadline has passed when the wait for it returns.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	const most = 1 << 30 * time.Millisecond // the argument is a C int
	return int((min(d, most) + time.Millisecond - 1) / time.Millisecond)
}
