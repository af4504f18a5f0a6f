package sim

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Config describes a kernel. The zero value is a machine with the defaults that are named here.
type Config struct {
	// Seed decides everything that a program can't know in advance: the bytes of getrandom, which
	// listener of a port gets a client, and with Shuffle which thread runs next.
	Seed uint64
	// Shuffle runs threads in an order that Seed decides, and not in the order in which they
	// became ready.
	Shuffle bool
	// Preempt is how often a system call hands over to another thread, even if it need not wait:
	// each Preempt-th time on average, as Seed decides. 0: never; 1: each time.
	Preempt int
	// Single makes a Step end after each system call. The thread goes on with the next Step, so the run is
	// the same as without Single, in more Steps.
	Single bool

	Boot time.Time // what the wall clock shows when the kernel starts; zero: 2026-01-01 in UTC

	MaxFiles      int // RLIMIT_NOFILE of new processes; 0: 1024
	MaxProcesses  int // how many processes may exist, zombies too, before fork fails; 0: no limit
	SendBuffer    int // bytes that a TCP socket takes for sending; 0: 256 KiB
	ReceiveBuffer int // bytes that a TCP socket takes before it is read; 0: 256 KiB

	// Trace gets an Event after each system call of a thread. It must not call the kernel.
	Trace func(Event)
}

// Kernel is a simulated machine. It belongs to one goroutine.
type Kernel struct {
	cfg     Config
	rand    *rand.Rand
	now     time.Duration // since the kernel started; what the monotonic clock shows
	wall    time.Time     // what the wall clock showed when now was 0
	timers  timerHeap
	fired   Fired  // in the present step of a World
	ordered uint64 // timers that were ever set

	processes []*Process // all that exist, zombies too, by ascending pid
	lastPid   int
	lastTid   int
	lastID    uint64    // of open file descriptions and inodes
	runnable  []*Thread // in the order in which they became so
	inTurn    *Thread   // with Config.Single: the thread whose turn goes on at the next Step
	dead      []*Thread // to be unwound
	calls     uint64    // system calls that have begun
	traced    uint64    // events so far
	faults    []*Fault
	panics    []Panic

	programs map[string]func() // by path

	root  *inode
	ports ports
}

// New returns a kernel that has no process yet.
func New(cfg Config) *Kernel {
	if cfg.Boot.IsZero() {
		cfg.Boot = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	cfg.MaxFiles = defaultTo(cfg.MaxFiles, 1024)
	cfg.SendBuffer = defaultTo(cfg.SendBuffer, 256<<10)
	cfg.ReceiveBuffer = defaultTo(cfg.ReceiveBuffer, 256<<10)
	k := &Kernel{cfg: cfg, wall: cfg.Boot, rand: rand.New(rand.NewPCG(cfg.Seed, 0))}
	k.ports.k = k
	k.root = k.newRoot()
	return k
}

func defaultTo(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Now is the time that a process sees: the wall clock, and the monotonic clock in the same value.
func (k *Kernel) Now() time.Time { return instant(k.wall.Add(k.now), k.now) }

// Uptime is the time since the kernel started.
func (k *Kernel) Uptime() time.Duration { return k.now }

// JumpClock sets the wall clock forward by d, or back if d is negative. The monotonic clock doesn't
// change.
func (k *Kernel) JumpClock(d time.Duration) { k.wall = k.wall.Add(d) }

// Calls is how many system calls all threads have made.
func (k *Kernel) Calls() uint64 { return k.calls }

// Step lets one thread run until it waits, or hands over to another thread; with Config.Single, until
// its next system call has returned. It reports false if no thread can run, so that only time or a
// client can change anything.
func (k *Kernel) Step() bool {
	if t := k.inTurn; t != nil {
		k.inTurn = nil
		k.resume(t)
		k.unwindDead()
		return true
	}
	if len(k.runnable) == 0 {
		return false
	}
	i := 0
	if k.cfg.Shuffle {
		i = k.rand.IntN(len(k.runnable))
	}
	t := k.runnable[i]
	k.runnable = append(k.runnable[:i], k.runnable[i+1:]...)
	k.resume(t)
	k.unwindDead()
	return true
}

// Settle lets threads run until all of them wait. No time passes. It reports false if they still
// run after most steps.
func (k *Kernel) Settle(most int) bool {
	for range most {
		if !k.Step() {
			return true
		}
	}
	return k.idle()
}

// idle reports whether no thread can run.
func (k *Kernel) idle() bool { return len(k.runnable) == 0 && k.inTurn == nil }

// settleSteps is after how many steps at one moment Run gives up.
const settleSteps = 1_000_000

// Run lets threads run for d of simulated time. Time passes only while all threads wait. Run
// reports false if the threads go on running and let no time pass.
func (k *Kernel) Run(d time.Duration) bool {
	end := k.until(max(d, 0))
	if end == forever {
		end = math.MaxInt64
	}
	for {
		if !k.Settle(settleSteps) {
			return false
		}
		if at, ok := k.NextTimer(); !ok || at > end {
			k.now = max(k.now, end)
			return true
		}
		k.fireNext()
	}
}

// Drive is Run for a caller that moves clients. It calls pump after each step; pump reports whether
// any client has done something. Drive returns when d has passed, or earlier if over reports true
// while nothing runs. It reports false if more than most steps at one moment were not enough.
func (k *Kernel) Drive(d time.Duration, most int, pump, over func() bool) bool {
	for end := k.now + d; ; {
		steps := 0
		for stepped := true; stepped; steps++ {
			if steps == most {
				return false
			}
			ran := k.Step()
			stepped = pump() || ran
		}
		if over() || k.now >= end {
			return true
		}
		if at, ok := k.NextTimer(); !ok || at > end {
			k.now = end
		} else {
			k.fireNext()
		}
	}
}

// NextTimer is the time since the start at which something happens that no thread has to cause: a
// wait times out, or the network does something. ok is false if there is no such thing.
func (k *Kernel) NextTimer() (at time.Duration, ok bool) {
	if len(k.timers) == 0 {
		return 0, false
	}
	return k.timers[0].at, true
}

// Stall lets d pass although threads may be ready to run, as if the whole machine had stood still.
// What was due meanwhile happens at the end. A negative d counts as 0.
func (k *Kernel) Stall(d time.Duration) {
	k.now += min(max(d, 0), math.MaxInt64-k.now)
	for len(k.timers) > 0 && k.timers[0].at <= k.now {
		k.fireNext()
	}
}

// After calls f when d has passed, which isn't negative. f runs while no thread runs.
func (k *Kernel) After(d time.Duration, f func()) { k.setTimer(&timer{index: -1}, k.now+d, f) }

func (k *Kernel) fireNext() {
	t := heap.Pop(&k.timers).(*timer)
	k.now = max(k.now, t.at)
	k.fired = Fired{t.about, t.of}
	t.fire()
}

// later does something in the kernel when d has passed. about says what happens then, and s is the socket
// to which it happens, or nil.
func (k *Kernel) later(d time.Duration, about string, s *tcp, do func()) {
	t := &timer{index: -1, about: about}
	if s != nil {
		t.of = s.id
	}
	k.setTimer(t, k.now+d, do)
}

// setTimer sets t, which may be set already.
func (k *Kernel) setTimer(t *timer, at time.Duration, fire func()) {
	k.stopTimer(t)
	k.ordered++
	t.at, t.seq, t.fire = at, k.ordered, fire
	heap.Push(&k.timers, t)
}

func (k *Kernel) stopTimer(t *timer) {
	if t.index >= 0 {
		heap.Remove(&k.timers, t.index)
	}
}

// Programs is how many processes run a program, zombies too. The others are clients.
func (k *Kernel) Programs() (n int) {
	for _, p := range k.processes {
		if p.outside == nil {
			n++
		}
	}
	return n
}

func (k *Kernel) nextID() uint64 {
	k.lastID++
	return k.lastID
}

// Close ends all processes and frees their goroutines. The kernel must not be used after it.
func (k *Kernel) Close() {
	for _, p := range slices.Clone(k.processes) { // those that end leave the list
		if p.state == living {
			p.end(signaled(SIGKILL))
		}
	}
	k.unwindDead()
	k.runnable, k.inTurn, k.timers = nil, nil, nil
}
