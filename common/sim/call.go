package sim

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Event is a system call that has returned.
type Event struct {
	Seq    uint64        // number of the call, from 1
	Time   time.Duration // when it returned, since the kernel started
	Pid    int
	Tid    int
	Call   string // name, as in section 2 of the manual
	Args   string // as strace(1) writes them, after the call
	Result int
	Errno  Errno  // 0: the call has succeeded
	Caller Source // the line that made the call
	Loop   Source // the line of the program's package main that led to it

	Program bool   // a process that runs a program made the call, and no client
	Slept   bool   // the thread has waited in the call
	TCP     bool   // File is a TCP socket
	File    uint64 // ID of the open file description of the first argument; 0: that is no descriptor
	NewFile uint64 // ID of the open file description of the descriptor that is the result; 0: there is none
}

// String is the event as a line: the time, the process, the call as strace(1) writes it, and the line of
// package main.
func (e Event) String() string {
	result := fmt.Sprint(e.Result)
	if e.Errno != 0 {
		result += " " + e.Errno.Name()
	}
	line := fmt.Sprintf("%-10v %d %s(%s) = %s", e.Time, e.Pid, e.Call, e.Args, result)
	if e.Loop.Line != 0 {
		line += fmt.Sprintf("  (%s:%d)", path.Base(e.Loop.File), e.Loop.Line)
	}
	return line
}

// Source is a line of a program's source.
type Source struct {
	Func string
	File string
	Line int
}

// noDescriptor is for calls whose first argument is no descriptor.
const noDescriptor = -1

// call makes a system call. fd is the descriptor that is its first argument, or noDescriptor. body does
// what the call does. args describes the arguments; it is called only if somebody wants to know them.
//
// Everything that all calls have in common happens here: faults, the trace, and the hand-over to
// another thread.
func (t *Thread) call(name string, fd int, args func() string, body func() (int, Errno)) (int, Errno) {
	switch {
	case t.proc.state == living:
	case t.yield != nil:
		panic(unwound{}) // a deferred function makes a call while the thread is being unwound
	default:
		panic(fmt.Sprintf("sim: %s of process %d, which has ended", name, t.proc.Pid))
	}
	k := t.k
	k.calls++
	if k.cfg.Trace != nil {
		t.current = Event{Pid: t.proc.Pid, Tid: t.ID, Call: name, Args: args(), Program: t.proc.outside == nil}
		t.current.File, t.current.TCP = t.fileAt(fd)
		if t.next != nil {
			t.current.Caller, t.current.Loop = callers()
		}
	} else {
		t.current.Call = name
	}
	var stop *Fault
	if len(k.faults) > 0 {
		stop = k.signalFor(t, name)
	}
	n, errno := 0, k.faultFor(t, name)
	switch {
	case errno == 0:
		n, errno = body()
	case name == "close":
		body() // even a close that fails frees the descriptor, close(2)
	}
	if errno != 0 {
		n = -1
	}
	if k.cfg.Trace != nil {
		e := t.current
		k.traced++ // calls may return in another order than they begin
		e.Seq, e.Time, e.Args, e.Result, e.Errno = k.traced, k.now, args(), n, errno
		e.NewFile = t.newFile(&e)
		k.cfg.Trace(e)
	}
	t.current.Call = ""
	if t.proc.state != living && t.yield != nil {
		panic(unwound{}) // the call has ended the thread's own process
	}
	switch {
	case stop != nil && t.proc.state == living:
		k.stopFor(t, stop.For)
	case t.yield == nil:
	case t.proc.stopped: // by the call itself
		t.stopHere()
	case k.handsOver():
		k.runnable = append(k.runnable, t)
		t.handOver()
	case k.cfg.Single:
		k.inTurn = t
		t.handOver()
	}
	return n, errno
}

// newFile is the ID of the open file description of the descriptor that a call has returned.
func (t *Thread) newFile(e *Event) uint64 {
	if !slices.Contains([]string{"accept4", "socket", "eventfd2", "epoll_create1", "memfd_create", "openat", "openat2", "dup", "dup3"}, e.Call) {
		return 0
	}
	id, _ := t.fileAt(e.Result)
	return id
}

// Describe makes Snapshot add what about returns to the open file description of fd. about must make
// no system call.
func (t *Thread) Describe(fd int, about func() any) {
	if d, errno := t.table.at(fd); errno == 0 {
		d.about = about
	}
}

// fileAt is the ID of the open file description of a descriptor, or 0 if the thread has no such descriptor.
// isTCP reports whether the description is a TCP socket.
func (t *Thread) fileAt(fd int) (id uint64, isTCP bool) {
	d, errno := t.table.at(fd)
	if errno != 0 {
		return 0, false
	}
	_, isTCP = d.file.(*tcp)
	return d.id, isTCP
}

// aim says which descriptor the next call transfers from or to.
func (t *Thread) aim(fd int) {
	_, errno := t.tcp(fd)
	t.network = errno == 0
}

// mostCalls is after how many calls in succession a thread hands over in any case, so that a
// program that never waits doesn't stop the simulation.
const mostCalls = 1000

// handsOver reports whether a call that need not wait hands over all the same.
func (k *Kernel) handsOver() bool {
	switch {
	case k.calls%mostCalls == 0, k.cfg.Preempt == 1:
		return true
	case k.cfg.Preempt > 1:
		return k.rand.IntN(k.cfg.Preempt) == 0
	}
	return false
}

// callers finds the line that made the current call, and the line of package main that led to it.
func callers() (caller, loop Source) {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		at := Source{f.Function, f.File, f.Line}
		switch {
		case strings.HasPrefix(f.Function, "threeloops/common/sim."), strings.HasPrefix(f.Function, "threeloops/common/sys."):
		case caller.Line == 0:
			caller = at
			fallthrough
		default:
			if ofMain(f.Function) {
				return caller, at
			}
		}
		if !more {
			return caller, loop
		}
	}
}

// ofMain reports whether a function belongs to a server's own package. In a test binary that
// package has the server's import path.
func ofMain(function string) bool {
	for _, prefix := range []string{"main.", "threeloops/forkserv.", "threeloops/pollserv.", "threeloops/epollserv."} {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	return false
}
