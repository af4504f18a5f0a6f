package sim

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Poll is poll(2). The timeout is in milliseconds; a negative one doesn't pass.
func (t *Thread) Poll(fds []PollFd, timeout int) (int, error) {
	n, errno := t.call("poll", noDescriptor, func() string { return argList(pollArg(fds), len(fds), timeout) }, func() (int, Errno) {
		return t.poll(fds, milliseconds(timeout), false)
	})
	return n, errno.err()
}

// Ppoll is ppoll(2) without a signal mask. A negative timeout doesn't pass.
func (t *Thread) Ppoll(fds []PollFd, timeout time.Duration) (int, error) {
	n, errno := t.call("ppoll", noDescriptor, func() string {
		return argList(pollArg(fds), len(fds), raw(timeout.String()), raw("NULL"), 0)
	}, func() (int, Errno) { return t.poll(fds, max(timeout, forever), true) })
	return n, errno.err()
}

func milliseconds(timeout int) time.Duration {
	if timeout < 0 {
		return forever
	}
	if int64(timeout) > math.MaxInt64/int64(time.Millisecond) {
		return forever
	}
	return time.Duration(timeout) * time.Millisecond
}

// poll waits for events. The time in which the process is stopped counts, unless rest is true: then
// the call goes on with what was left of the limit.
func (t *Thread) poll(fds []PollFd, limit time.Duration, rest bool) (int, Errno) {
	if len(fds) > t.proc.limit {
		return -1, EINVAL
	}
	for end := t.k.until(limit); ; {
		if n := t.ready(fds); n > 0 || t.k.passed(end) {
			return n, 0
		}
		if t.waitIn(end, t.queues(fds)...); t.interrupted && rest && end >= 0 {
			end = t.k.until(max(end-t.interruptedAt, 0))
		}
	}
}

// ready sets Revents of each entry, and returns how many aren't 0.
func (t *Thread) ready(fds []PollFd) (n int) {
	for i := range fds {
		f := &fds[i]
		f.Revents = 0
		if f.Fd < 0 {
			continue
		}
		if d, errno := t.opened(int(f.Fd)); errno != 0 {
			f.Revents = POLLNVAL
		} else {
			f.Revents = int16(d.file.events() & (uint32(uint16(f.Events)) | POLLERR | POLLHUP))
		}
		if f.Revents != 0 {
			n++
		}
	}
	return n
}

// queues returns the queues of the files that fds names. The result is valid until the next call.
func (t *Thread) queues(fds []PollFd) []*waitQueue {
	all := t.polled[:0]
	for _, f := range fds {
		if d, errno := t.opened(int(f.Fd)); errno == 0 {
			all = append(all, d.file.queue())
		}
	}
	t.polled = all
	return all
}

func pollArg(fds []PollFd) raw {
	var b strings.Builder
	for i, f := range fds {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{fd=%d, events=%s, revents=%s}", f.Fd,
			eventArg("POLL", uint32(uint16(f.Events))), eventArg("POLL", uint32(uint16(f.Revents))))
	}
	return raw("[" + b.String() + "]")
}
