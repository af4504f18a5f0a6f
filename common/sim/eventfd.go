package sim

import (
	"encoding/binary"
	"math"
)

// eventfd is an object of eventfd(2).
type eventfd struct {
	count uint64
	q     waitQueue
}

// mostCount is the largest value of an eventfd's counter.
const mostCount = math.MaxUint64 - 1

// Eventfd is eventfd2(2).
func (t *Thread) Eventfd(initial uint, flags int) (int, error) {
	n, errno := t.call("eventfd2", noDescriptor, func() string { return argList(initial, flags) }, func() (int, Errno) {
		if flags&^(EFD_NONBLOCK|EFD_CLOEXEC) != 0 {
			panic("sim: eventfd2 with other flags than EFD_NONBLOCK and EFD_CLOEXEC isn't modelled")
		}
		return t.open(&eventfd{count: uint64(uint32(initial))}, O_RDWR|flags&EFD_NONBLOCK, flags&EFD_CLOEXEC != 0)
	})
	return n, errno.err()
}

func (e *eventfd) kind() string      { return "eventfd" }
func (e *eventfd) queue() *waitQueue { return &e.q }
func (e *eventfd) released()         {}
func (e *eventfd) wholeOnly() bool   { return true }

func (e *eventfd) events() (flags uint32) {
	if e.count > 0 {
		flags |= POLLIN
	}
	if e.count < mostCount {
		flags |= POLLOUT
	}
	return flags
}

func (e *eventfd) read(_ *Thread, _ *description, p []byte) (int, Errno) {
	switch {
	case len(p) < 8:
		return -1, EINVAL
	case e.count == 0:
		return -1, EAGAIN
	}
	binary.NativeEndian.PutUint64(p, e.count)
	e.count = 0
	e.q.wake(POLLOUT)
	return 8, 0
}

func (e *eventfd) write(_ *Thread, _ *description, p []byte) (int, Errno) {
	if len(p) != 8 { // older kernels take the first 8 bytes of more
		return -1, EINVAL
	}
	n := binary.NativeEndian.Uint64(p)
	switch {
	case n == math.MaxUint64:
		return -1, EINVAL
	case n > mostCount-e.count:
		return -1, EAGAIN
	}
	e.count += n
	e.q.wake(POLLIN)
	return 8, 0
}
