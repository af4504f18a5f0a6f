package simulation

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// Failure is what a scenario shows.
type Failure struct {
	Kind string // the broken rule
	Text string // what was expected, and what came
}

// Error implements error.
func (f *Failure) Error() string { return f.Kind + ": " + f.Text }

func failed(kind, format string, args ...any) *Failure {
	return &Failure{kind, fmt.Sprintf(format, args...)}
}

// How a scenario is played.
const (
	settling  = time.Second // after the last line: what clients wait for must have come by then
	silence   = 4 * time.Minute
	someSteps = 200
	mostSteps = 500_000 // of threads and clients at one moment
	mostCalls = 2000    // in a second of silence, about
	// mostCallsAtOnce is more than the system calls that any scenario needs at one moment.
	mostCallsAtOnce = 200_000
	graceTime       = 10 * time.Second
	largeSize       = 400_000
	smallText       = "a small file\n"
)

// run is a scenario that is played on a server.
type run struct {
	target simtest.Target
	s      *sim.Scenario
	w      *sim.World
	files  memoryFS // below the root

	streams        []*stream
	byName         map[*sim.Client]*stream
	machine        []step        // what happened to the machine
	open           int           // descriptors of the server before the first client; -1: unknown
	children       int           // processes of the server then
	termAt         time.Duration // of the first SIGTERM or SIGINT, or -1
	rejectedBefore int           // what rejected returned then
	again          bool          // another one has come
	twice          bool          // another one has come, so much later that it counts
	settledAt      time.Duration // end of settling
	dead           bool          // the server itself was killed
	killed         int           // children that were killed
	stalled        time.Duration // how long the machine has stood still
	talked         map[int]bool  // the processes that have read or sent anything
	unkicked       []string      // the clients that were still served long after the operator had kicked them
}

// stream is what a client has done and received.
type stream struct {
	name    string
	client  *sim.Client
	steps   []step
	settled int  // bytes that had been received at the end of settling
	early   bool // it has acted before the first SIGTERM
	again   bool
	size    int           // how many bytes it has sent
	taken   int           // bytes that had come to its socket then, if it didn't read; or -1
	held    int           // how many of them the server held at the end of settling
	gotAt   time.Duration // when it has received the last byte before the end of settling
}

// step is something that a client did, or that happened to the machine.
type step struct {
	at     time.Duration
	verb   sim.Verb
	data   []byte
	signal sim.Signal
	sip    bool   // of Reads: it doesn't read on
	path   string // of WritesFile and ReplacesDirectory
}

// Play plays a scenario, and judges it. trace, if it isn't nil, gets all system calls.
func Play(target simtest.Target, s *sim.Scenario, trace func(sim.Event)) (failure *Failure, calls uint64) {
	r := &run{target: target, s: s, byName: map[*sim.Client]*stream{}, open: -1, termAt: -1}
	program := sim.Program{Main: target.Main, Args: append([]string{target.Name}, target.Flags...)}
	r.w = s.Play(sim.Config{Trace: r.tracer(trace)}, program)
	defer r.w.Close()
	r.w.Acted = r.acted
	if r.files = filesFor(s); r.files != nil {
		r.w.Kernel.Mkdir(rootPath)
		for _, name := range []string{"/small", "/large"} {
			r.w.Kernel.WriteFile(rootPath+name, r.files[name])
		}
	}
	if failure = r.play(); failure == nil && s.Seed%4 == 0 {
		failure = r.judgeRestart(program)
	}
	for _, p := range r.w.Kernel.Panics() {
		failure = failed("panic", "process %d: %v\n%s", p.Pid, p.Value, p.Stack)
	}
	return failure, r.w.Kernel.Calls()
}

// filesFor makes the files below the root, if the scenario has one.
func filesFor(s *sim.Scenario) memoryFS {
	if !slices.Contains(s.Flags, rootFlag) {
		return nil
	}
	large := make([]byte, largeSize)
	for i := range large {
		large[i] = byte('a' + i%26)
	}
	return memoryFS{"/small": []byte(smallText), "/large": large}
}

// acted keeps what happens.
func (r *run) acted(c *sim.Client, a *sim.Action, data []byte) {
	at := step{at: r.w.Kernel.Uptime(), verb: a.Verb, data: bytes.Clone(data), signal: a.Signal, sip: a.Bytes > 0, path: a.Path}
	if c == nil {
		r.actedMachine(a, at)
		return
	}
	st := r.byName[c]
	if st == nil {
		st = &stream{name: c.Name, client: c, early: r.termAt < 0}
		r.byName[c] = st
		r.streams = append(r.streams, st)
	}
	st.again = st.again || a.Verb == sim.Connects && len(st.steps) > 0
	st.steps = append(st.steps, at)
	st.size += len(data)
}

func (r *run) actedMachine(a *sim.Action, at step) {
	switch a.Verb {
	case sim.Types:
		at.data = a.Data
	case sim.WritesFile:
		at.data = a.Content()
	}
	r.machine = append(r.machine, at)
	switch {
	case a.Verb == sim.Stalls:
		r.stalled += a.Time
	case a.Verb == sim.SignalsServing && a.Signal == sim.SIGKILL:
		r.killed++ // at most; nothing happens if no process serves the client
		_, r.dead = r.w.Server.Ended()
	case a.Verb != sim.SendsSignal || a.Signal != sim.SIGTERM && a.Signal != sim.SIGINT:
	case r.termAt < 0:
		r.termAt, r.rejectedBefore = at.at, r.rejected()
	default:
		r.again = true
		r.twice = r.twice || at.at-r.termAt >= time.Second
	}
}

// stopTime is how long faults may stop processes.
func (r *run) stopTime() (d time.Duration) {
	for _, f := range r.w.Kernel.Faults() {
		d += f.For
	}
	return d
}

// stops reports whether the server was stopped.
func (r *run) stops() bool {
	return slices.ContainsFunc(r.machine, func(a step) bool { return a.signal == sim.SIGSTOP })
}

// play plays the scenario to its end, and judges it.
func (r *run) play() *Failure {
	if f := r.until(firstEvent - time.Millisecond); f != nil {
		return f
	}
	if !r.ready() {
		return r.judgeFailedStart()
	}
	if !r.faulted() {
		r.open, r.children = r.w.Server.Descriptors(), r.w.Server.Family()
	}
	last := firstEvent
	if n := len(r.s.Actions); n > 0 {
		last = max(last, r.s.Actions[n-1].At)
	}
	if f := r.until(last + r.stalled); f != nil {
		return f
	}
	last = max(last, r.w.Kernel.Uptime())
	if err := r.w.Do("SIGCONT to all"); err != nil { // a server can do nothing for a process that stays stopped
		return failed("end", "%v", err)
	}
	if f := r.until(last + settling); f != nil {
		return f
	}
	r.settledAt = last + settling
	for _, st := range r.streams {
		st.settled, st.gotAt = len(st.client.Got), st.client.GotAt
	}
	r.noteHeld()
	if f := r.noteKicks(); f != nil {
		return f
	}
	calls := r.w.Kernel.Calls()
	if f := r.until(last + silence); f != nil {
		return f
	}
	// With a very low limit of files pollserv polls its descriptors in very many parts.
	if n := int(r.w.Kernel.Calls() - calls); n > mostCalls*int(silence/time.Second) && !r.did(sim.Limits) {
		return failed("spin", "%d system calls in %v of silence", n, silence)
	}
	return r.judge()
}

// ready reports whether the server has said where it listens.
func (r *run) ready() bool { return strings.Contains(r.w.Server.Out.String(), "http://") }

// until plays up to a time. It fails if threads or clients go on acting at one moment.
func (r *run) until(end time.Duration) *Failure {
	k := r.w.Kernel
	moment, calls, steps := k.Uptime(), k.Calls(), 0
	for !r.w.Run(end, someSteps) && len(k.Panics()) == 0 {
		if k.Uptime() != moment {
			moment, calls, steps = k.Uptime(), k.Calls(), 0
		}
		if steps += someSteps; k.Calls()-calls > mostCallsAtOnce || steps > mostSteps {
			return failed("spin", "at %v the server has made %d system calls, and still runs", moment, k.Calls()-calls)
		}
	}
	return nil
}

// faulted reports whether a call has failed so far.
func (r *run) faulted() bool {
	return slices.ContainsFunc(r.w.Kernel.Faults(), func(f *sim.Fault) bool { return f.Happened > 0 })
}

// judgeFailedStart judges a server that isn't ready: it must have ended, and say why in one line.
func (r *run) judgeFailedStart() *Failure {
	log := r.w.Server.Err.String()
	status, ended := r.w.Server.Ended()
	switch {
	case !r.faulted() && r.s.Files == 0:
		return failed("start", "the server isn't ready after %v: %s", firstEvent, log)
	case !ended || status.ExitStatus() != 1 && status.ExitStatus() != 2 || strings.Count("\n"+log, "\n"+r.target.Name+": ") != 1:
		return failed("start", "the server isn't ready, has ended: %t, with status %d, and says %q; want status 1 or 2 and one line",
			ended, status.ExitStatus(), log)
	}
	return nil
}

// judge judges the whole run: first the clients, then what is left, then the shutdown.
func (r *run) judge() *Failure {
	for _, st := range r.streams {
		st.client.ReadAgain()
	}
	if f := r.until(r.w.Kernel.Uptime() + settling); f != nil {
		return f
	}
	// A machine or server that has stood still may have got the two at other times.
	r.twice = r.twice || r.again && r.stood()
	switch {
	case r.dead: // its clients were served by nobody else
		return nil
	case r.twice:
		return r.judgeEnd()
	}
	if status, ended := r.w.Server.Ended(); ended && (r.termAt < 0 || status.ExitStatus() != 0) {
		return failed("end", "the server has ended with status %d: %s", status.ExitStatus(), r.w.Server.Err)
	}
	if f := r.judgeStreams(); f != nil {
		return f
	}
	if r.termAt < 0 {
		if f := r.judgeRest(); f != nil {
			return f
		}
		r.termAt = r.w.Kernel.Uptime()
		r.w.Server.Signal(sim.SIGTERM)
		if f := r.until(r.termAt + graceTime + settling + r.stopTime()); f != nil {
			return f
		}
	}
	return r.judgeEnd()
}

// judgeEnd judges the shutdown.
func (r *run) judgeEnd() *Failure {
	status, ended := r.w.Server.Ended()
	left := r.w.Kernel.Programs()
	if !ended || status.ExitStatus() != 0 && !r.twice || left > 0 {
		return failed("shutdown", "after SIGTERM the server has ended: %t, with status %d, and %d processes are left\n%s",
			ended, status.ExitStatus(), left, r.w.Server.Err)
	}
	if r.twice {
		return nil
	}
	// With -defer-accept a shutdown begins a second later, and the way out waits a second for the log.
	most := graceTime + 2*time.Second + settling + r.stalled + r.stopTime()
	if took := r.w.Server.EndedAt() - r.termAt; took > most && !r.stops() {
		return failed("shutdown", "it has taken %v, want at most the grace time of %v", took, graceTime)
	}
	return r.judgeLog()
}

// judgeLog judges the log of a run without faults.
func (r *run) judgeLog() *Failure {
	if r.faulted() || r.killed > 0 || r.scarce() {
		return nil
	}
	limit := r.number(addressFlag, 0)
	for line := range strings.Lines(r.w.Server.Err.String()) {
		if limit > 0 && strings.Contains(line, "their address has too many connections") {
			continue
		}
		if !strings.Contains(line, " level=INFO ") && !strings.Contains(line, "the grace time is over") {
			return failed("log", "without a fault the server says %s", line)
		}
	}
	return nil
}

// judgeRest has one more client ask what the server still holds.
func (r *run) judgeRest() *Failure {
	if r.open >= 0 && !r.scarce() && (r.w.Server.Descriptors() > r.open+r.rejectedKept() || r.w.Server.Family() != r.children) {
		return failed("left", "%v after the last line the server has %d descriptors and %d processes, %d and %d before the first client\n%s",
			silence, r.w.Server.Descriptors(), r.w.Server.Family(), r.open, r.children, r.w.Server.Err)
	}
	if r.did(sim.Limits) || r.crowded() {
		return nil // perhaps to fewer than it needs; a crowd is still waiting for its turn
	}
	status, body := r.get("/stats")
	if status != http.StatusOK {
		return failed("left", "a client that comes last gets status %d", status)
	}
	return r.judgeTotals(body)
}
