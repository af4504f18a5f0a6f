package main

import (
	"container/heap"
	"time"

	"threeloops/common/sock"
)

// timers is a lazy heap of the connections by deadline. A connection stands in
// it under a time not later than its Deadline: when a message puts the deadline
// off, which most messages do, nothing is moved; when the time comes, it is
// looked at again. So a message costs no heap operation.
//
// Conn.Due is the time, Conn.Slot the index in the heap plus one; 0: it is not
// in the heap.
type timers []*sock.Conn

// set notes c's deadline, where it is sooner than what is noted.
func (t *timers) set(c *sock.Conn) {
	d := c.Deadline()
	switch {
	case d.IsZero():
	case c.Slot == 0:
		c.Due = d
		heap.Push(t, c)
	case d.Before(c.Due):
		c.Due = d
		heap.Fix(t, c.Slot-1)
	}
}

func (t *timers) remove(c *sock.Conn) {
	if c.Slot != 0 {
		heap.Remove(t, c.Slot-1)
	}
}

// expired takes a connection whose deadline has passed out of the heap, or
// returns nil when there is none.
func (t *timers) expired(now time.Time) *sock.Conn {
	for len(*t) > 0 && !(*t)[0].Due.After(now) {
		c := heap.Pop(t).(*sock.Conn)
		if d := c.Deadline(); !d.IsZero() && !d.After(now) {
			return c
		}
		t.set(c) // it was put off
	}
	return nil
}

// next is when expired should be asked next; zero: never.
func (t timers) next() time.Time {
	if len(t) == 0 {
		return time.Time{}
	}
	return t[0].Due
}

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].Due.Before(t[j].Due) }

func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].Slot, t[j].Slot = i+1, j+1
}

func (t *timers) Push(x any) {
	c := x.(*sock.Conn)
	*t = append(*t, c)
	c.Slot = len(*t)
}

func (t *timers) Pop() any {
	n := len(*t) - 1
	c := (*t)[n]
	(*t)[n] = nil
	*t = (*t)[:n]
	c.Slot = 0
	return c
}
