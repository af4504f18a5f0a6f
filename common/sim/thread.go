package sim

import (
	"iter"
	"runtime"
	"slices"
	"time"
)

// Thread is a thread of a simulated process. Its methods are the system calls.
//
// A thread of a program runs in a goroutine of its own, as a coroutine: it runs only inside Step,
// which returns when the thread waits or hands over. A thread that Process.Thread returns has no
// goroutine. Its calls run in the caller's, and while such a call waits, the other threads run.
type Thread struct {
	ID   int
	proc *Process
	k    *Kernel

	next  func() (struct{}, bool) // runs the thread; nil: it has no goroutine
	stop  func()
	yield func(struct{}) bool

	state  threadState
	timer  timer // of a wait that may time out
	reason Errno // why the last wait ended: 0, ETIMEDOUT or EINTR
	ended  waitQueue

	current Event // the call that the thread is in, for Snapshot
}

type threadState uint8

const (
	ready threadState = iota
	waits
	hasEnded
)

// unwound is what a thread of a process that has ended panics with, so that its goroutine ends.
type unwound struct{}

// forever is the limit of a wait that doesn't time out.
const forever = time.Duration(-1)

// Panic is a panic of a program. As in a real process it has ended the process with status 2.
type Panic struct {
	Pid   int
	Value any
	Stack string
}

// Panics returns the panics of all programs so far.
func (k *Kernel) Panics() []Panic { return k.panics }

// newThread adds a thread to p that runs f.
func (k *Kernel) newThread(p *Process, f func()) *Thread {
	t := k.makeThread(p)
	t.start(f)
	return t
}

// makeThread returns a thread that runs nothing yet. Its calls run in the caller's goroutine.
func (k *Kernel) makeThread(p *Process) *Thread {
	k.lastTid++
	return &Thread{ID: k.lastTid, proc: p, k: k, timer: timer{index: -1}}
}

// start makes the thread run f. It is ready, and runs at a later Step.
func (t *Thread) start(f func()) {
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		defer t.finish()
		f()
	})
	t.proc.threads = append(t.proc.threads, t)
	t.k.runnable = append(t.k.runnable, t)
}

// finish ends the thread after its function has returned or panicked.
func (t *Thread) finish() {
	switch r := recover(); r.(type) {
	case nil, unwound:
	default:
		stack := make([]byte, 16<<10)
		t.k.panics = append(t.k.panics, Panic{t.proc.Pid, r, string(stack[:runtime.Stack(stack, false)])})
		if t.proc.state == living {
			t.proc.end(exited(2))
		}
	}
	t.state = hasEnded
	t.proc.threads = slices.DeleteFunc(t.proc.threads, func(o *Thread) bool { return o == t })
	t.ended.wake(POLLIN)
}

// current is the thread that is running, of any kernel. There is only one, because a thread runs
// only inside Step. A program's code can't be given its thread as an argument, and Go has no
// variables of a goroutine.
var current *Thread

// Current is the thread that is running, or nil outside of Step.
func Current() *Thread { return current }

// resume runs t until it waits or hands over.
func (k *Kernel) resume(t *Thread) { k.as(t, func() { t.next() }) }

// as calls f while t counts as the running thread.
func (k *Kernel) as(t *Thread, f func()) {
	before := current
	current = t
	defer func() { current = before }() // f may end the goroutine, as a test does that has failed
	f()
}

// unwindDead ends the goroutines of threads whose process has ended.
func (k *Kernel) unwindDead() {
	for len(k.dead) > 0 {
		t := k.dead[0]
		k.dead = k.dead[1:]
		k.as(t, t.stop) // makes yield return false, if the thread has begun
		t.state = hasEnded
	}
}

// handOver lets other threads run. The thread panics if its process has ended meanwhile.
func (t *Thread) handOver() {
	if !t.yield(struct{}{}) {
		panic(unwound{})
	}
}

// waiter is a place in a waitQueue: a thread that waits, or an epoll instance.
type waiter struct {
	queue     *waitQueue
	notify    func(events uint32) bool // reports whether it needed the event
	exclusive bool                     // EPOLLEXCLUSIVE: it is enough to notify one of these
}

// waitQueue holds those that wait for something to happen to an object.
type waitQueue struct{ waiters []*waiter }

// add puts w before all others, and with EPOLLEXCLUSIVE after them. So of several that wait, the one
// that came last is notified first, as on Linux.
func (q *waitQueue) add(w *waiter) {
	w.queue = q
	if w.exclusive {
		q.waiters = append(q.waiters, w)
		return
	}
	q.waiters = slices.Insert(q.waiters, 0, w)
}

// addFirst adds w before all others. Linux does that with entries of epoll that aren't exclusive, so
// that one event makes the newest of them ready first.
func (q *waitQueue) addFirst(w *waiter) {
	w.queue = q
	q.waiters = slices.Insert(q.waiters, 0, w)
}

func (w *waiter) remove() {
	if w.queue != nil {
		w.queue.waiters = slices.DeleteFunc(w.queue.waiters, func(o *waiter) bool { return o == w })
		w.queue = nil
	}
}

// wake notifies all that wait in q of events. events is 0 if anything may have changed.
func (q *waitQueue) wake(events uint32) {
	served := false
	for _, w := range slices.Clone(q.waiters) {
		if w.queue != q || w.exclusive && served {
			continue
		}
		if w.notify(events) && w.exclusive {
			served = true
		}
	}
}

// waitIn waits until one of the queues is woken or the limit has passed, since now; it returns 0,
// ETIMEDOUT or EINTR. The caller then looks again at what it has waited for.
func (t *Thread) waitIn(limit time.Duration, queues ...*waitQueue) Errno {
	waiters := make([]waiter, len(queues))
	for i, q := range queues {
		waiters[i].notify = func(uint32) bool { return t.wakeUp(0) }
		q.add(&waiters[i])
	}
	defer func() {
		for i := range waiters {
			waiters[i].remove()
		}
	}()
	return t.sleep(limit)
}

// sleep waits until wakeUp is called or the limit has passed.
func (t *Thread) sleep(limit time.Duration) Errno {
	t.state = waits
	if limit >= 0 {
		t.k.setTimer(&t.timer, t.k.now+limit, func() { t.wakeUp(ETIMEDOUT) })
	}
	if t.yield != nil {
		t.handOver()
	} else {
		t.driveOthers()
	}
	t.k.stopTimer(&t.timer)
	return t.reason
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
func (t *Thread) wakeUp(reason Errno) bool {
	if t.state != waits {
		return false
	}
	t.state, t.reason = ready, reason
	if t.next != nil {
		t.k.runnable = append(t.k.runnable, t)
	}
	return true
}
