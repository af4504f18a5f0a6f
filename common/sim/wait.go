package sim

import (
	"math"
	"slices"
	"time"
)

// waiter is a place in a waitQueue: of a thread, an epoll instance or a Client.
type waiter struct {
	queue     *waitQueue               // nil: it is in none
	notify    func(events uint32) bool // reports whether the event was needed; changes no queue
	exclusive bool                     // EPOLLEXCLUSIVE: it is enough to notify one of these
}

// waitQueue holds those that wait for something to happen to an object.
type waitQueue struct{ waiters []*waiter }

// add puts w before all others, and with EPOLLEXCLUSIVE after them. So of several that wait, the one
// that came last is notified first, as Linux does for poll(2), read(2) and epoll_ctl(2).
func (q *waitQueue) add(w *waiter) {
	w.queue = q
	if w.exclusive {
		q.waiters = append(q.waiters, w)
		return
	}
	q.waiters = slices.Insert(q.waiters, 0, w)
}

func (w *waiter) remove() {
	if q := w.queue; q != nil {
		i := slices.Index(q.waiters, w)
		q.waiters = slices.Delete(q.waiters, i, i+1)
		w.queue = nil
	}
}

// wake notifies all that wait in q of events, which are flags of poll(2), or 0 if anything may have
// changed. It reports whether any of them needed the event.
func (q *waitQueue) wake(events uint32) (needed bool) {
	served := false // one that is exclusive has needed it
	for _, w := range q.waiters {
		if w.exclusive && served {
			continue
		}
		if w.notify(events) {
			needed = true
			served = served || w.exclusive
		}
	}
	return needed
}

// until is when a limit that begins now will have passed: a time since the kernel started, or
// forever. So is a limit that ends after the last time that the clock can show.
func (k *Kernel) until(limit time.Duration) time.Duration {
	if limit < 0 || limit > math.MaxInt64-k.now {
		return forever
	}
	return k.now + limit
}

// passed reports whether the end of a wait has come.
func (k *Kernel) passed(end time.Duration) bool { return end >= 0 && end <= k.now }

// waitIn waits until one of the queues is woken or the end has come. The caller then looks again at
// what it has waited for.
func (t *Thread) waitIn(end time.Duration, queues ...*waitQueue) {
	t.waiters = slices.Grow(t.waiters[:0], len(queues))[:len(queues)]
	defer t.leaveQueues() // also if the thread is unwound
	for i, q := range queues {
		t.waiters[i] = waiter{notify: t.notify}
		q.add(&t.waiters[i])
	}
	t.sleep(end)
}

func (t *Thread) leaveQueues() {
	for i := range t.waiters {
		t.waiters[i].remove()
	}
}

// sleep waits until wakeUp is called or the end has come.
func (t *Thread) sleep(end time.Duration) {
	t.state, t.interrupted = waits, false
	if end >= 0 {
		t.k.setTimer(&t.timer, end, t.timeUp)
	}
	if t.current.Slept = true; t.yield != nil {
		t.handOver()
	} else {
		t.driveOthers()
	}
	t.k.stopTimer(&t.timer)
}

// driveOthers lets the other threads run, and time pass, until this thread is woken.
func (t *Thread) driveOthers() {
	for t.state == waits {
		if t.k.Step() {
			continue
		}
		if len(t.k.timers) == 0 {
			panic("sim: " + t.current.Call + " waits for something that can't happen: nothing runs, and no time is set")
		}
		t.k.fireNext()
	}
}

// wakeUp ends the thread's wait. It reports false if the thread doesn't wait.
func (t *Thread) wakeUp() bool {
	if t.state != waits {
		return false
	}
	t.state = ready
	if t.next != nil {
		t.becomesRunnable()
	}
	return true
}

// becomesRunnable makes the thread run at a later Step, or when its process continues.
func (t *Thread) becomesRunnable() {
	if t.proc.stopped {
		t.proc.held = append(t.proc.held, t)
	} else {
		t.k.runnable = append(t.k.runnable, t)
	}
}
