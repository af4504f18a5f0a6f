//go:build sim || js

package sys

import (
	"os"
	"time"

	"threeloops/common/sim"
)

// Now is the time, with the monotonic clock's reading.
func Now() time.Time { return self().Now() }

// Sleep lets the calling thread sleep for d.
func Sleep(d time.Duration) { self().Sleep(d) }

// Thread is a function that runs beside the one that has started it: a simulated thread.
type Thread struct{ t *sim.Thread }

// Go starts f as a thread. The caller goes on first. The thread uses the process's table of
// descriptors, even if the caller has its own one: Go's runtime doesn't clone a thread to which a
// goroutine is locked, but one that it keeps for this purpose.
func Go(f func()) *Thread { return &Thread{self().Process().Go(f)} }

// GoUnshared starts f as a thread with a descriptor table of its own, unshare(2) with CLONE_FILES. f
// gets the error of unshare.
func GoUnshared(f func(err error)) *Thread {
	return Go(func() { f(os.NewSyscallError("unshare", self().Unshare(sim.CLONE_FILES))) })
}

// Join waits until the thread's function has returned, but no longer than d, and reports whether it
// has returned. Several threads may wait for the same one.
func (t *Thread) Join(d time.Duration) (ended bool) { return self().Join(t.t, d) }

// Queue carries values from any number of threads to any number of others.
type Queue[T any] struct {
	room   int
	values []T
	filled sim.Condition
}

// NewQueue returns an empty Queue with room for that many values.
func NewQueue[T any](room int) *Queue[T] { return &Queue[T]{room: room} }

// Put adds a value, and never blocks. If the queue is full, Put panics.
func (q *Queue[T]) Put(v T) {
	if len(q.values) == q.room {
		panic("sys: a value was put into a full Queue")
	}
	q.values = append(q.values, v)
	q.filled.Signal()
}

// Get takes the oldest value. If there is none, it waits for one, but no longer than d. ok is false
// if none has come.
func (q *Queue[T]) Get(d time.Duration) (v T, ok bool) {
	if !self().Wait(&q.filled, d, func() bool { return len(q.values) > 0 }) {
		return v, false
	}
	v = q.values[0]
	q.values = q.values[1:]
	return v, true
}

// WarmUp does nothing: a simulated process needs no thread or descriptor of its own.
func WarmUp(waiting int) error { return nil }

// StartThreads does nothing: see WarmUp.
func StartThreads(n int) error { return nil }
