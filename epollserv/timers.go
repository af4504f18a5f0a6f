package main

import (
	"container/heap"
	"time"

	"threeloops/common/conn"
)

// timers is a lazy heap of connections, ordered by a time that is never later than the connection's
// Deadline. Most messages move their connection's deadline to a later time. The heap ignores that,
// so a message costs no heap operation. When the noted time comes, the heap asks for the Deadline
// again, and if it isn't due yet, it notes the new one.
//
// Conn.Due is the noted time, counted from base. Conn.Slot is the connection's index in the heap
// plus one, or 0 if the connection isn't in the heap.
type timers struct {
	base  time.Time
	heap  byDue
	waits int // that began after the earliest deadline had passed, see mayExpire
}

// set notes c's deadline, if it is earlier than the time that is noted for c.
func (t *timers) set(c *conn.Conn) {
	d := c.Deadline()
	if d.IsZero() {
		return
	}
	if t.base.IsZero() {
		t.base = d
	}
	due := d.Sub(t.base)
	switch {
	case c.Slot == 0:
		c.Due = due
		heap.Push(&t.heap, c)
	case due < c.Due:
		c.Due = due
		heap.Fix(&t.heap, int(c.Slot-1))
	}
}

func (t *timers) remove(c *conn.Conn) {
	if c.Slot != 0 {
		heap.Remove(&t.heap, int(c.Slot-1))
	}
}

// expired takes a connection whose deadline has passed out of the heap and returns it, or returns
// nil if there is none.
func (t *timers) expired(now time.Time) *conn.Conn {
	for len(t.heap) > 0 && t.heap[0].Due <= now.Sub(t.base) {
		c := heap.Pop(&t.heap).(*conn.Conn)
		if d := c.Deadline(); !d.IsZero() && !d.After(now) {
			return c
		}
		t.set(c) // its deadline is later than the noted time
	}
	return nil
}

// mayExpire reports whether expired may be asked. passed is whether a deadline had passed before the
// last wait began. That wait has reported n events. If n is maxReady, there may be more. So the loop
// waits again, until epoll, which reports ready descriptors in turn, must have reported all of the
// open ones.
func (t *timers) mayExpire(passed bool, n, open int) bool {
	t.waits++
	all := n < maxReady || t.waits*maxReady > open
	if !passed || all {
		t.waits = 0
	}
	return passed && all
}

// next is the earliest noted time, before which expired returns nil; zero if the heap is empty.
func (t *timers) next() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.base.Add(t.heap[0].Due)
}

// byDue implements heap.Interface. Swap, Push and Pop keep each connection's Slot up to date.
type byDue []*conn.Conn

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].Due < h[j].Due }

func (h byDue) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].Slot, h[j].Slot = int32(i+1), int32(j+1)
}

func (h *byDue) Push(x any) {
	c := x.(*conn.Conn)
	*h = append(*h, c)
	c.Slot = int32(len(*h))
}

func (h *byDue) Pop() any {
	n := len(*h) - 1
	c := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	c.Slot = 0
	return c
}
