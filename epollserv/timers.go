package main

import (
	"container/heap"
	"time"

	"threeloops/common/conn"
)

// timers is a lazy heap of the connections by deadline. A connection stands in
// it under a time not later than its Deadline: when a message puts the deadline
// off, which most messages do, nothing is moved; when the time comes, it is
// looked at again. So a message costs no heap operation.
//
// Conn.Due is that time, counted from base; Conn.Slot is the index in the heap
// plus one, and 0 outside of it.
type timers struct {
	base time.Time
	heap byDue
}

// set notes c's deadline, where it is sooner than what is noted.
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

// expired takes a connection whose deadline has passed out of the heap, or
// returns nil when there is none.
func (t *timers) expired(now time.Time) *conn.Conn {
	for len(t.heap) > 0 && t.heap[0].Due <= now.Sub(t.base) {
		c := heap.Pop(&t.heap).(*conn.Conn)
		if d := c.Deadline(); !d.IsZero() && !d.After(now) {
			return c
		}
		t.set(c) // it was put off
	}
	return nil
}

// next is when expired should be asked next; zero: never.
func (t *timers) next() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.base.Add(t.heap[0].Due)
}

// byDue is a heap for package container/heap.
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
