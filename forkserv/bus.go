package main

import (
	"bytes"
	"slices"
	"time"

	"threeloops/common/hub"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// bus is the child's end of the bus: a hub.Bus whose Hub is in the parent.
type bus struct {
	channel
	stat  *stat.Slot
	in    []byte   // the message that was received last
	out   []byte   // the one that was posted last, encoded
	queue [][]byte // what the socket had no room for, encoded
	ended bool     // the parent is gone
}

// Post implements hub.Bus. A message leaves at once, if it can: it is what
// others wait for. What has to queue is bounded by the application, which
// doesn't say more while too much of what it said has not come back.
func (b *bus) Post(_ time.Time, m *hub.Message) {
	b.out = m.Append(b.out[:0])
	if len(b.queue) > 0 || !b.send(b.out) {
		b.queue = append(b.queue, bytes.Clone(b.out))
	}
}

// full reports whether something is queued.
func (b *bus) full() bool { return len(b.queue) > 0 }

// flush sends what is queued, as far as there is room.
func (b *bus) flush() {
	n := 0
	for n < len(b.queue) && b.send(b.queue[n]) {
		n++
	}
	b.queue = slices.Delete(b.queue, 0, n)
}

// send reports whether p is dealt with. Nobody misses what a parent that is
// gone would have heard.
func (b *bus) send(p []byte) bool {
	if b.ended {
		return true
	}
	b.stat.Add(stat.SysWrite, 1)
	full, _ := b.Send(p)
	return !full
}

// receive returns the next message, which is valid until the one after it; ok
// is false when there is none.
func (b *bus) receive() (m hub.Message, ok bool, err error) {
	if b.in == nil {
		b.in = make([]byte, hub.MaxMessage)
	}
	b.stat.Add(stat.SysRead, 1)
	n, err := b.Recv(b.in)
	if err != nil || n == 0 {
		return m, false, err
	}
	m, ok = hub.Parse(b.in[:n])
	return m, ok, nil
}

// marks are what to watch of the bus.
func (b *bus) marks() (marks int16) {
	if b.full() {
		return sys.POLLIN | sys.POLLOUT
	}
	return sys.POLLIN
}
