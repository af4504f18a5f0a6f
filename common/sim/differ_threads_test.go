//go:build linux

package sim_test

import (
	"cmp"
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"threeloops/common/sim"
)

// Steps about threads:
//
//	thread NAME    starts a thread, which uses the same table of descriptors as the one that makes the step
//	in NAME        lets that thread make the steps that follow; "main" is the first thread
//	unshare        is unshare(2) with CLONE_FILES
//	end NAME       ends a thread, which isn't the one that makes the step
//
// A name stands for a number, and so perhaps for something else in each table.

// firstThread is the name of the thread that makes the first step.
const firstThread = "main"

// worker is a further thread, which makes steps.
type worker interface {
	run(f func()) // calls f in the thread
	end()         // returns when the thread's table is closed
}

// threaded reports whether a sequence has several threads.
func threaded(steps []step) bool {
	return slices.ContainsFunc(steps, func(s step) bool { return s.call == "thread" })
}

// outcome makes a step in the thread whose turn it is.
func (p *player) outcome(s *step) (outcome string) {
	p.inThread(p.turn, func() { outcome = calls[s.call](p, s) })
	return outcome
}

// inThread calls f in a thread. The first thread is the caller's.
func (p *player) inThread(name string, f func()) {
	if w := p.workers[name]; w != nil {
		w.run(f)
		return
	}
	f()
}

func threadCall(p *player, s *step) string {
	if p.workers == nil {
		p.workers = map[string]worker{}
	}
	if m, ok := p.m.(simulated); ok {
		p.workers[s.args[0]] = newSimulatedWorker(p, m)
	} else {
		p.workers[s.args[0]] = newLinuxWorker()
	}
	p.threads = append(p.threads, s.args[0])
	return "ok"
}

func inCall(p *player, s *step) string {
	if name := s.args[0]; name != firstThread && p.workers[name] == nil {
		return "no thread"
	}
	p.turn = s.args[0]
	return "ok"
}

// startThreads starts one or two threads. All of them use the same table.
func (g *generator) startThreads() {
	g.others = map[string]map[int]kind{}
	for _, name := range []string{"t", "u"}[:1+g.r.IntN(2)] {
		g.do("thread", name)
		g.others[name] = g.kinds
	}
}

// switchThread lets another thread make the next steps, or rarely ends it.
func (g *generator) switchThread() {
	if len(g.others) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(g.others))
	name := names[g.r.IntN(len(names))]
	if name != firstThread && g.r.IntN(12) == 0 {
		g.do("end", name)
		delete(g.others, name)
		return
	}
	before := cmp.Or(g.p.turn, firstThread)
	g.do("in", name)
	g.others[before], g.kinds = g.kinds, g.others[name]
	delete(g.others, name)
}

// unshare gives the thread a table of its own. What the table has is the same at first. The first
// thread keeps the process's table: on Linux threads of Go's runtime use that one, too, so nobody
// would close what is in it.
func (g *generator) unshare() {
	if cmp.Or(g.p.turn, firstThread) != firstThread {
		g.do("unshare")
		g.kinds = maps.Clone(g.kinds)
	}
}

func unshareCall(p *player, s *step) string {
	return done(p.m.(interface{ Unshare(flags int) error }).Unshare(sim.CLONE_FILES))
}

func endCall(p *player, s *step) string {
	name := s.args[0]
	w := p.workers[name]
	if w == nil || name == p.turn {
		return "no thread"
	}
	delete(p.workers, name)
	p.threads = slices.DeleteFunc(p.threads, func(o string) bool { return o == name })
	w.end()
	return "ok"
}

func (l *linux) Unshare(flags int) error { return failed(unix.Unshare(flags)) }

// linuxWorker is a goroutine that is locked to its thread.
type linuxWorker struct {
	jobs chan func()
	made chan struct{}
	tid  int
}

// newLinuxWorker starts a thread. Go's runtime starts it from a thread with the process's table,
// so the step's own thread must have that table, too.
func newLinuxWorker() *linuxWorker {
	w := &linuxWorker{jobs: make(chan func()), made: make(chan struct{})}
	started := make(chan struct{})
	go inOwnThread(func() {
		w.tid = unix.Gettid()
		close(started)
		for f := range w.jobs {
			f()
			w.made <- struct{}{}
		}
	})
	<-started
	return w
}

func (w *linuxWorker) run(f func()) {
	w.jobs <- f
	<-w.made
}

// end waits until the kernel doesn't know the thread any more. It closes a thread's table before that,
// but after it has told those that wait for the thread in futex(2).
func (w *linuxWorker) end() {
	close(w.jobs)
	for unix.Tgkill(os.Getpid(), w.tid, 0) != unix.ESRCH {
		runtime.Gosched()
	}
}

// onProcess calls f in a further thread with the process's table, which sequences with threads begin
// with. Nothing else must open a descriptor meanwhile.
func onProcess(f func(l *linux)) {
	finished := make(chan struct{})
	go inOwnThread(func() {
		defer close(finished)
		f(newLinux())
	})
	<-finished
}

// needUnshare skips the test where unshare is forbidden, as in some containers.
func needUnshare(t *testing.T) {
	forbidden := false
	onLinux(func(l *linux) { forbidden = l.Unshare(sim.CLONE_FILES) != nil })
	if forbidden {
		t.Skip("this machine forbids unshare(2)")
	}
}

// simulated is the kernel in memory as its process sees it, and the kernel itself, which must run for
// further threads.
type simulated struct {
	*sim.Thread
	k *sim.Kernel
}

// simulatedWorker is a thread of the kernel in memory. It makes a step when the kernel runs.
type simulatedWorker struct {
	p      *player
	m      simulated
	job    func()
	over   bool
	filled sim.Condition
}

func newSimulatedWorker(p *player, parent simulated) *simulatedWorker {
	w := &simulatedWorker{p: p, m: parent}
	w.m.Thread = parent.Go(func() {
		for {
			w.m.Wait(&w.filled, -1, func() bool { return w.job != nil || w.over })
			if w.over {
				return
			}
			w.job()
			w.job = nil
		}
	})
	return w
}

func (w *simulatedWorker) run(f func()) {
	first := w.p.m
	w.p.m, w.job = w.m, f
	w.settle()
	w.p.m = first
}

func (w *simulatedWorker) end() {
	w.over = true
	w.settle()
}

// settle lets the thread run. A call that isn't modelled ends the simulated process, and the panic
// goes on here.
func (w *simulatedWorker) settle() {
	w.filled.Signal()
	w.m.k.Settle(1000)
	if panics := w.m.k.Panics(); len(panics) > 0 {
		panic(panics[0].Value)
	}
}
