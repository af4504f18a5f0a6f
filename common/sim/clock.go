package sim

import (
	"time"
	"unsafe"
)

// instant makes a time.Time with a clock reading of its own, as time.Now does: wall is what a wall
// clock shows, and boot is the monotonic clock, in time since the kernel started. Package time has
// no function for that. The layout is the one that its source documents, and a test compares. As
// with time.Now, a year that it has no room for has no clock reading: one before 1885 or after 2157.
func instant(wall time.Time, boot time.Duration) time.Time {
	const (
		hasMonotonic    = 1 << 63
		secondsTo1970   = (1970-1885)*365*86400 + 20*86400 // from 1885, where package time begins
		nanosecondsBits = 30
	)
	seconds := uint64(wall.Unix() + secondsTo1970)
	if seconds>>33 != 0 {
		return wall.Round(0)
	}
	t := layout{
		wall: hasMonotonic | seconds<<nanosecondsBits | uint64(wall.Nanosecond()),
		ext:  int64(boot) + 1,
		loc:  time.UTC,
	}
	return *(*time.Time)(unsafe.Pointer(&t))
}

// layout is the layout of time.Time.
type layout struct {
	wall uint64
	ext  int64
	loc  *time.Location
}

// timer is something that the kernel does at a time of its own.
type timer struct {
	at    time.Duration // since the kernel started
	seq   uint64        // the order of timers with the same time
	index int           // in the heap, or -1
	fire  func()
	about string // what happens then; empty: a thread's wait times out, or a test waits
	of    uint64 // ID of the socket to which it happens, or 0
}

// timerHeap implements heap.Interface.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.index = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	n := len(*h) - 1
	t := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	t.index = -1
	return t
}
