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
	stat    *stat.Slot
	recvBuf []byte   // the message that was received last
	sendBuf []byte   // the message that was posted last, encoded
	queue   [][]byte // encoded messages that the socket had no room for
	ended   bool     // the parent is gone
}

// Post implements hub.Bus. It sends the message immediately if the socket has room, because other
// clients wait for it. The queue stays short: the application posts no more while too many of its
// messages have not come back from the Hub.
func (b *bus) Post(_ time.Time, m *hub.Message) {
	b.sendBuf = m.Append(b.sendBuf[:0])
	if len(b.queue) > 0 || !b.send(b.sendBuf) {
		b.queue = append(b.queue, bytes.Clone(b.sendBuf))
	}
}

func (b *bus) queued() bool { return len(b.queue) > 0 }

// flush sends queued messages until the queue is empty or the socket is full.
func (b *bus) flush() {
	n := 0
	for n < len(b.queue) && b.send(b.queue[n]) {
		n++
	}
	b.queue = slices.Delete(b.queue, 0, n)
}

// send sends p, and reports false if the socket has no room for it. If p can never be sent, for
// instance because the parent is gone, send drops it and reports true.
func (b *bus) send(p []byte) bool {
	if b.ended {
		return true
	}
	b.stat.Add(stat.SysWrite, 1)
	full, _ := b.Send(p)
	return !full
}

// receive returns the next message, or ok false if there is none. The message's bytes are valid
// until the next call. errEnded means that the parent is gone.
func (b *bus) receive() (m hub.Message, ok bool, err error) {
	if b.recvBuf == nil {
		b.recvBuf = make([]byte, hub.MaxMessage)
	}
	b.stat.Add(stat.SysRead, 1)
	n, err := b.Recv(b.recvBuf)
	if err != nil || n == 0 {
		return m, false, err
	}
	m, ok = hub.Parse(b.recvBuf[:n])
	return m, ok, nil
}

// eventFlags are the event flags to watch the bus for.
func (b *bus) eventFlags() (flags int16) {
	if b.queued() {
		return sys.POLLIN | sys.POLLOUT
	}
	return sys.POLLIN
}
