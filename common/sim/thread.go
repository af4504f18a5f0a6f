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
	ID    int
	proc  *Process
	k     *Kernel
	table *table

	next  func() (struct{}, bool) // runs the thread; nil: it has no goroutine
	stop  func()
	yield func(struct{}) bool

	state       threadState
	interrupted bool                     // SIGSTOP has ended its last wait
	timer       timer                    // of a wait that may time out
	timeUp      func()                   // what timer does
	notify      func(events uint32) bool // of its waiters: wakes the thread
	waiters     []waiter                 // its places in queues while it waits; kept for the next wait
	polled      []*waitQueue             // scratch of poll
	ended       waitQueue

	forker        *Thread       // of a new process before execve: the thread that waits in clone
	interruptedAt time.Duration // when SIGSTOP has ended its last wait

	current Event // the call that the thread is in, for Snapshot
	spared  bool  // no fault concerns the call
	network bool  // the call is one on a TCP socket
}

type threadState uint8

const (
	ready threadState = iota
	waits
	hasEnded
)

// unwound is what a thread of a process that has ended panics with, so that its goroutine ends.
type unwound struct{}

// forever is the limit, and the end, of a wait that doesn't time out.
const forever = time.Duration(-1)

// Panic is a panic of a program. As in a real process it has ended the process with status 2.
type Panic struct {
	Pid   int
	Value any
	Stack string
}

// Panics returns the panics of all programs so far.
func (k *Kernel) Panics() []Panic { return k.panics }

// makeThread returns a thread that runs nothing yet. Its calls run in the caller's goroutine.
func (k *Kernel) makeThread(p *Process, tb *table) *Thread {
	k.lastTid++
	t := &Thread{ID: k.lastTid, proc: p, k: k, timer: timer{index: -1}}
	t.use(tb)
	t.notify, t.timeUp = func(uint32) bool { return t.wakeUp() }, func() { t.wakeUp() }
	return t
}

// start makes the thread run f. It is ready, and runs at a later Step.
func (t *Thread) start(f func()) *Thread {
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		defer t.finish()
		f()
	})
	t.proc.threads = append(t.proc.threads, t)
	t.becomesRunnable()
	return t
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
	if t.state = hasEnded; t.proc.state == living { // otherwise all tables are closed
		t.leaveTable()
	}
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

// as calls f while t counts as the running thread. f doesn't return if a test that runs as a program
// calls FailNow: that ends the goroutine of Step's caller, too.
func (k *Kernel) as(t *Thread, f func()) {
	before := current
	defer func() { current = before }()
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
