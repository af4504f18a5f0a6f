package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stopCase is a call that waits, and is stopped and continued meanwhile. Times are in units; what
// the call returns, and after how many units, both kernels must agree on.
type stopCase struct {
	name       string
	call       string // one of stopCalls
	limit      int    // of the call, in units; negative: none
	event      int    // when what the call waits for happens; 0: never
	stop, cont int    // when the process is stopped and continued
	want       string // the result
	after      int    // when the call returns
}

// stopCases are what signal(7), "Interruption of system calls and library functions by stop signals",
// says and what it leaves open.
var stopCases = []stopCase{
	{"epoll_wait is interrupted", "epoll_wait", 9, 0, 1, 3, "EINTR", 3},
	{"epoll_wait is interrupted although an event has come", "epoll_wait", 9, 2, 1, 3, "EINTR", 3},
	{"epoll_wait is interrupted although its limit has passed", "epoll_wait", 2, 0, 1, 3, "EINTR", 3},
	{"epoll_wait without a limit is interrupted", "epoll_wait", -1, 0, 1, 3, "EINTR", 3},
	{"poll goes on until its limit", "poll", 5, 0, 1, 3, "0", 5},
	{"poll goes on until an event", "poll", 9, 5, 1, 3, "1", 5},
	{"poll finds what has come meanwhile", "poll", 9, 2, 1, 3, "1", 3},
	{"poll times out when it continues", "poll", 2, 0, 1, 3, "0", 3},
	{"poll that is late finds what has come meanwhile", "poll", 2, 2, 1, 4, "1", 4},
	{"poll without a limit goes on", "poll", -1, 5, 1, 3, "1", 5},
	{"ppoll has what was left of its limit", "ppoll", 2, 0, 1, 4, "0", 5},
	{"ppoll finds what has come meanwhile", "ppoll", 9, 2, 1, 3, "1", 3},
	{"ppoll without a limit goes on", "ppoll", -1, 5, 1, 3, "1", 5},
	{"nanosleep goes on until its end", "nanosleep", 5, 0, 1, 3, "0", 5},
	{"nanosleep ends when it continues", "nanosleep", 2, 0, 1, 4, "0", 4},
	{"read goes on", "read", -1, 5, 1, 3, "1", 5},
	{"read finds what has come meanwhile", "read", -1, 2, 1, 3, "1", 3},
	{"accept4 goes on", "accept4", -1, 5, 1, 3, "0", 5},
	{"accept4 finds what has come meanwhile", "accept4", -1, 2, 1, 3, "0", 3},
	{"write of a full pipe goes on", "write", -1, 5, 1, 3, "65536", 5},
	{"write of a pipe that has taken a part returns", "write more", -1, 0, 1, 3, "65536", 3},
	{"send of a stream that has taken a part returns", "send more", -1, 0, 1, 3, "part", 3},
	{"send of TCP that has taken a part returns", "tcp more", -1, 0, 1, 3, "part", 3},
	{"wait4 goes on", "wait4", -1, 5, 1, 3, "0", 5},
}

// unit is a unit of time on the simulated kernel.
const unit = time.Second

func TestStopCases(t *testing.T) {
	for _, c := range stopCases {
		t.Run(c.name, func(t *testing.T) {
			k := New(Config{})
			defer k.Close()
			got, after := "nothing", time.Duration(0)
			k.Install("/child", func() { Current().Sleep(time.Duration(c.event) * unit) })
			p := k.Start(Program{Main: func() {
				got = c.onSim(k, Current())
				after = k.Uptime()
			}})
			at := func(when int, sig Signal) { k.After(time.Duration(when)*unit, func() { p.Signal(sig) }) }
			at(c.stop, SIGSTOP)
			at(c.cont, SIGCONT)
			k.Run(20 * unit)
			if want := time.Duration(c.after) * unit; got != c.want || after != want {
				t.Errorf("got %s after %v, want %s after %v", got, after, c.want, want)
			}
		})
	}
}

// onSim makes the call in a program that will be stopped.
func (c *stopCase) onSim(k *Kernel, self *Thread) string {
	limit := c.limit
	if limit >= 0 {
		limit *= int(unit / time.Millisecond)
	}
	happens := func(f func()) {
		if c.event > 0 {
			k.After(time.Duration(c.event)*unit, f)
		}
	}
	helper := k.NewProcess("helper").Thread()
	fd, _ := self.Eventfd(0, 0)
	d, _ := self.opened(fd)
	happens(func() { d.file.write(helper, d, []byte{7: 1}) })
	switch c.call {
	case "epoll_wait":
		ep, _ := self.EpollCreate1(0)
		self.EpollCtl(ep, EPOLL_CTL_ADD, fd, &EpollEvent{Events: POLLIN})
		return outcome(self.EpollWait(ep, make([]EpollEvent, 1), limit))
	case "poll":
		return outcome(self.Poll([]PollFd{{Fd: int32(fd), Events: POLLIN}}, limit))
	case "ppoll":
		return outcome(self.Ppoll([]PollFd{{Fd: int32(fd), Events: POLLIN}}, time.Duration(limit)*time.Millisecond))
	case "nanosleep":
		self.Sleep(time.Duration(limit) * time.Millisecond)
		return "0"
	case "read":
		n, err := self.Read(fd, make([]byte, 8))
		return outcome(n/8, err)
	case "accept4":
		ln, at := listener(self)
		happens(func() {
			client, _ := helper.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)
			helper.Connect(client, at)
		})
		_, err := self.Accept4(ln, 0)
		return outcome(0, err)
	case "wait4":
		self.ForkExec("/child", nil, nil)
		_, err := self.Wait4(-1, nil, 0)
		return outcome(0, err)
	case "send more":
		pair, _ := self.Socketpair(AF_UNIX, SOCK_STREAM, 0)
		return part(self.Write(pair[0], make([]byte, long)))
	case "tcp more":
		_, at := listener(self)
		client, _ := self.Socket(AF_INET, SOCK_STREAM, 0)
		self.Connect(client, at)
		return part(self.Write(client, make([]byte, long)))
	}
	return c.writeOnSim(self, happens)
}

// long is how many bytes a send has that doesn't fit.
const long = 64 << 20

// part is the outcome of a send, of which the kernel takes a part that depends on much.
func part(n int, err error) string {
	if err == nil && n > 0 && n < long {
		return "part"
	}
	return outcome(n, err)
}

// writeOnSim writes to a pipe that is full, or that is too small.
func (c *stopCase) writeOnSim(self *Thread, happens func(func())) string {
	var pipe [2]int
	self.Pipe2(pipe[:], 0)
	p := make([]byte, 1<<16)
	if c.call == "write more" {
		return outcome(self.Write(pipe[1], make([]byte, 1<<17)))
	}
	self.Write(pipe[1], p)
	d, _ := self.opened(pipe[0])
	happens(func() { d.file.read(self, d, p) })
	return outcome(self.Write(pipe[1], p))
}

// A stopped process runs nothing, and what comes to it waits.
func TestAStoppedProcessRunsNothing(t *testing.T) {
	k := New(Config{})
	defer k.Close()
	ticks, handled, accepted := 0, []Signal(nil), 0
	p := k.Start(Program{Main: func() {
		self := Current()
		ln, _ := listener(self)
		signals := self.Notify(SIGHUP, SIGTERM, SIGCONT)
		self.Go(func() {
			for {
				sig, _ := Current().SignalWait(signals, forever)
				handled = append(handled, sig)
			}
		})
		self.Go(func() {
			for {
				Current().Accept4(ln, 0)
				accepted++
			}
		})
		for {
			self.Sleep(time.Second)
			ticks++
		}
	}})
	k.Run(10*time.Second + time.Millisecond)
	p.Signal(SIGSTOP)
	p.Signal(SIGSTOP)
	c := k.NewClient("A")
	at, _ := p.Listening()
	c.Connect(at, at.Addr())
	for _, sig := range []Signal{SIGTERM, SIGHUP, SIGTERM} {
		p.Signal(sig)
	}
	if !k.Settle(0) {
		t.Error("the kernel has a thread that can run")
	}
	k.Run(time.Minute)
	state := k.Snapshot().Processes[0]
	if ticks != 10 || handled != nil || accepted != 0 || !c.Connected() || !state.Stopped || k.Processes()[0].State != "stopped" {
		t.Errorf("while it is stopped: %d ticks, %v handled, %d clients; the client's handshake is complete: %t; state %+v",
			ticks, handled, accepted, c.Connected(), state)
	}
	var calls []string
	for _, thread := range state.Threads {
		calls = append(calls, fmt.Sprint(thread.Waits, " ", thread.Call, " ", thread.Timeout))
	}
	if want := []string{"false nanosleep -1ns", "false rt_sigtimedwait -1ns", "false accept4 -1ns"}; !slices.Equal(calls, want) {
		t.Errorf("its threads are in %q, want %q", calls, want)
	}
	p.Signal(SIGCONT)
	k.Settle(100)
	if want := []Signal{SIGHUP, SIGTERM, SIGCONT}; ticks != 11 || !slices.Equal(handled, want) || accepted != 1 {
		t.Errorf("when it continues: %d ticks, %v handled, %d clients, want 11, %v, 1", ticks, handled, accepted, want)
	}
	if k.Run(time.Minute); ticks != 71 || k.Snapshot().Processes[0].Stopped {
		t.Errorf("a minute later: %d ticks, want 71", ticks)
	}
	p.Signal(SIGCONT)
	k.Settle(100)
	if len(handled) != 4 {
		t.Errorf("SIGCONT of a process that runs: handled are %v", handled)
	}
}

// SIGKILL ends a stopped process. Other signals end it when it continues, and one that is ignored has
// no effect.
func TestSignalsOfAStoppedProcess(t *testing.T) {
	for _, c := range []struct {
		sent        []Signal
		ended, then string // before and after SIGCONT
	}{
		{[]Signal{SIGKILL}, "killed", "killed"},
		{[]Signal{SIGTERM}, "", "terminated"},
		{[]Signal{SIGTERM, SIGKILL}, "killed", "killed"},
		{[]Signal{SIGTERM, SIGHUP}, "", "hangup"},
		{[]Signal{SIGINT, SIGCHLD, 0}, "", ""},
	} {
		k := New(Config{})
		p := k.Start(Program{Main: func() {
			Current().Ignore(SIGINT, SIGCONT)
			Current().Go(func() { Current().Sleep(time.Hour) })
			for {
				Current().Getrandom(nil)
				Current().Sleep(time.Millisecond)
			}
		}})
		how := func() string {
			if status, ended := p.Ended(); ended {
				return status.Signal().String()
			}
			return ""
		}
		k.Run(time.Second)
		p.Signal(SIGSTOP)
		for _, sig := range c.sent {
			p.Signal(sig)
		}
		k.Run(time.Second)
		before, calls := how(), k.Calls()
		p.Signal(SIGCONT)
		k.Run(time.Second)
		if after := how(); before != c.ended || after != c.then || (k.Calls() > calls) != (after == "") {
			t.Errorf("%v: ended %q and then %q, want %q and %q; %d calls, and %d before it continued", c.sent, before, after, c.ended, c.then, k.Calls(), calls)
		}
		k.Close()
	}
}

// The parent gets SIGCHLD when a child stops and when it continues, and wait4 doesn't report that.
func TestAParentHearsThatItsChildIsStopped(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		switch self.Args()[0] {
		case "child":
			self.Kill(self.Getpid(), SIGSTOP)
			self.Exit(3)
		}
		caught := self.Notify(SIGCHLD)
		pid, _ := self.ForkExec("/proc/self/exe", []string{"child"}, nil)
		heard := func(what string) {
			if sig, ok := self.SignalWait(caught, time.Second); sig != SIGCHLD || !ok {
				t.Errorf("when the child %s: got signal %v, %t", what, sig, ok)
			}
		}
		heard("stops")
		if got, err := self.Wait4(-1, nil, WNOHANG); got != 0 || err != nil {
			t.Errorf("wait4 of a stopped child returns %d, %v", got, err)
		}
		self.Kill(pid, SIGCONT)
		self.Kill(pid, SIGCONT) // it runs already
		heard("continues")
		var status WaitStatus
		if got, _ := self.Wait4(-1, &status, 0); got != pid || status.ExitStatus() != 3 {
			t.Errorf("wait4 returns %d, status %v", got, status)
		}
		heard("ends")
		if _, ok := self.SignalWait(caught, time.Second); ok {
			t.Error("there is a fourth SIGCHLD")
		}
	})
}

// A stopped child whose parent ends is hung up, and so nothing stays stopped without anybody who could
// continue it.
func TestAStoppedOrphanIsHungUp(t *testing.T) {
	var heard []string
	k := program(t, Config{}, func(k *Kernel, self *Thread) {
		switch name := self.Args()[0]; name {
		case "parent":
			for _, name := range []string{"killed", "handles", "runs"} {
				pid, _ := self.ForkExec("/proc/self/exe", []string{name}, &ProcAttr{Sys: &SysProcAttr{Setpgid: true}})
				self.Sleep(time.Second)
				if name != "runs" {
					self.Kill(pid, SIGSTOP)
				}
			}
		case "handles", "runs":
			signals := self.Notify(SIGHUP, SIGCONT)
			for range 2 {
				sig, _ := self.SignalWait(signals, time.Minute)
				heard = append(heard, name+": "+sig.String())
			}
		default:
			self.Sleep(time.Hour)
		}
	})
	if want := []string{"handles: hangup", "handles: continued"}; !slices.Equal(heard, want) {
		t.Errorf("heard: %q, want %q", heard, want)
	}
	if got := k.Processes(); len(got) != 1 || got[0].Args[0] != "runs" {
		t.Errorf("left: %v", got)
	}
}

// Stops and continues come at any moment, from inside and outside, and a seed decides all.
func TestStopsAreDeterministic(t *testing.T) {
	run := func(seed uint64) string {
		var b strings.Builder
		var k *Kernel
		trace := func(e Event) {
			fmt.Fprintln(&b, e.Time, e.Pid, e.Call, e.Args, e.Result, e.Errno.Name())
			if p := k.find(e.Pid); p != nil && p.stopped {
				t.Errorf("seed %d: process %d is stopped and has called %s", seed, e.Pid, e.Call)
			}
		}
		k = New(Config{Seed: seed, Preempt: 3, Shuffle: true, Trace: trace})
		defer k.Close()
		r := &reaper{k: k}
		k.Start(Program{Args: []string{"parent"}, Main: r.main})
		signal := func(p *Process, sig Signal) {
			p.Signal(sig)
			for i, thread := range k.runnable {
				if thread.proc.stopped || slices.Contains(k.runnable[:i], thread) {
					t.Fatalf("seed %d: thread %d can run, although it is stopped, or twice", seed, thread.ID)
				}
			}
		}
		for range 100 {
			k.Step()
			if len(k.processes) == 0 {
				break
			}
			some := k.processes[k.rand.IntN(len(k.processes))]
			signal(some, map[bool]Signal{false: SIGSTOP, true: SIGCONT}[some.stopped])
		}
		for _, p := range slices.Clone(k.processes) {
			signal(p, SIGCONT)
		}
		k.Run(time.Minute)
		slices.Sort(r.said)
		fmt.Fprintln(&b, r.said, r.left, len(k.processes), len(k.runnable), len(k.timers), k.Panics())
		return b.String()
	}
	for seed := range uint64(100) {
		first := run(seed)
		if diff := cmp.Diff(first, run(seed)); diff != "" {
			t.Fatalf("seed %d: two runs differ: %s", seed, diff)
		}
		want := "[child0 child1 child2 pid 2 status 3 pid 3 status 3 pid 4 status 3] 3 descriptors, 1 processes 0 0 0 []\n"
		if !strings.HasSuffix(first, want) {
			t.Fatalf("seed %d: want %s at the end of\n%s", seed, want, first)
		}
	}
}
