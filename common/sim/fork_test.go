package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// program runs main as a process for a minute, and fails if main panics or doesn't return.
func program(t *testing.T, cfg Config, main func(k *Kernel, self *Thread)) *Kernel {
	t.Helper()
	k := New(cfg)
	t.Cleanup(k.Close)
	p := k.Start(Program{Args: []string{"parent"}, Main: func() { main(k, Current()) }})
	k.Run(time.Minute)
	if _, ended := p.Ended(); !ended {
		t.Fatal("the program hasn't ended after a minute")
	}
	for _, p := range k.Panics() {
		t.Fatalf("process %d panicked: %v\n%s", p.Pid, p.Value, p.Stack)
	}
	return k
}

// The calls, their order and their arguments are those that strace(1) shows of a program on Linux
// that makes the same two calls of syscall.ForkExec.
func TestForkExecMakesTheCallsOfGo(t *testing.T) {
	var got []string
	trace := func(e Event) {
		who := map[bool]string{true: "parent", false: "child"}[e.Pid == 1]
		line := fmt.Sprintf("%s %s(%s) = %d %s", who, e.Call, e.Args, e.Result, e.Errno.Name())
		got = append(got, strings.TrimSuffix(line, " errno 0"))
		if !e.Program {
			t.Errorf("%s counts as a client's call", line)
		}
	}
	program(t, Config{Trace: trace}, func(k *Kernel, self *Thread) {
		if len(self.Args()) == 2 {
			return
		}
		self.Dup(0)
		self.Dup(0)
		var p [2]int
		self.Pipe2(p[:], O_CLOEXEC)
		got = nil
		self.ForkExec("/proc/self/exe", []string{"x", "y"}, &ProcAttr{
			Files: []uintptr{0, 1, 2, uintptr(p[0]), uintptr(p[1]), 2, 1},
			Sys:   &SysProcAttr{Setpgid: true},
		})
		self.ForkExec("/nowhere", []string{"x", "y"}, &ProcAttr{Files: []uintptr{0, 1}})
	})
	want := []string{
		`parent pipe2([7 8], O_CLOEXEC) = 0`,
		`child setpgid(0, 0) = 0`,
		`child dup3(2, 9, O_CLOEXEC) = 9`,
		`child dup3(1, 10, O_CLOEXEC) = 10`,
		`child fcntl(0, F_SETFD, 0) = 0`,
		`child fcntl(1, F_SETFD, 0) = 0`,
		`child fcntl(2, F_SETFD, 0) = 0`,
		`child dup3(5, 3, 0) = 3`,
		`child dup3(6, 4, 0) = 4`,
		`child dup3(9, 5, 0) = 5`,
		`child dup3(10, 6, 0) = 6`,
		`child execve("/proc/self/exe", ["x" "y"], envp /* 0 vars */) = 0`,
		`parent clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 2`,
		`parent close(8) = 0`,
		`parent read(7, "", 8) = 0`,
		`parent close(7) = 0`,
		`parent pipe2([7 8], O_CLOEXEC) = 0`,
		`child fcntl(0, F_SETFD, 0) = 0`,
		`child fcntl(1, F_SETFD, 0) = 0`,
		`child close(2) = 0`,
		`child execve("/nowhere", ["x" "y"], envp /* 0 vars */) = -1 ENOENT`,
		`child write(8, "\x02\x00\x00\x00\x00\x00\x00\x00", 8) = 8`,
		`child exit(253) = 0`,
		`parent clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 3`,
		`parent close(8) = 0`,
		`parent read(7, "\x02\x00\x00\x00\x00\x00\x00\x00", 8) = 8`,
		`parent close(7) = 0`,
		`parent wait4(3, [{WIFEXITED(s) && WEXITSTATUS(s) == 253}], 0, NULL) = 3`,
	}
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Error(diff)
	}
}

// The new process has attr.Files, and of the parent's other descriptors those that don't close on
// exec.
func TestANewProcessGetsDescriptors(t *testing.T) {
	var seen []string
	program(t, Config{}, func(k *Kernel, self *Thread) {
		if self.Args()[0] == "child" {
			for fd := range 12 {
				if closes, err := self.ClosesOnExec(fd); err == nil {
					seen = append(seen, fmt.Sprint(fd, closes))
				}
			}
			seen = append(seen, fmt.Sprint(self.Environ(), self.MaxFiles(), k.find(self.Getpid()).group == self.Getpid()))
			var b [8]byte
			n, _ := self.Read(3, b[:])
			seen = append(seen, string(b[:n]))
			self.Write(1, []byte("to the parent's standard output"))
			return
		}
		pair, _ := self.Socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0)
		inherited, _ := self.Eventfd(0, 0)
		self.Eventfd(0, EFD_CLOEXEC)
		k.find(self.Getpid()).Limit(40)
		self.Write(pair[1], []byte("hello"))
		self.ForkExec("/proc/self/exe", []string{"child"}, &ProcAttr{
			Env:   []string{"A=b"},
			Files: []uintptr{0, 1, ^uintptr(0), uintptr(pair[0])}, // it has the number 3 already
			Sys:   &SysProcAttr{Setpgid: true},
		})
		var status WaitStatus
		if pid, err := self.Wait4(-1, &status, 0); pid != 2 || err != nil || status != 0 {
			t.Errorf("wait4: got %d, %v, status %d", pid, err, status)
		}
		if self.Close(inherited) != nil {
			t.Error("the parent has lost a descriptor")
		}
		if out := k.find(self.Getpid()).Out.String(); out != "to the parent's standard output" {
			t.Errorf("standard output is %q", out)
		}
	})
	want := []string{"0 false", "1 false", "3 false", "5 false", "[A=b] 40 true", "hello"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// Signals that are ignored stay so in a new process; those that are handled have their default action.
func TestExecKeepsIgnoredSignals(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		if self.Args()[0] == "child" {
			self.Sleep(time.Hour)
			return
		}
		self.Notify(SIGTERM)
		self.Ignore(SIGINT)
		pid, _ := self.ForkExec("/proc/self/exe", []string{"child"}, &ProcAttr{Files: []uintptr{0, 1, 2}})
		self.Kill(pid, SIGINT)
		if got, err := self.Wait4(pid, nil, WNOHANG); got != 0 || err != nil {
			t.Errorf("SIGINT has ended the child: wait4 returns %d, %v", got, err)
		}
		self.Kill(pid, SIGTERM)
		var status WaitStatus
		if got, err := self.Wait4(pid, &status, 0); got != pid || err != nil || status.Signal() != SIGTERM {
			t.Errorf("wait4: got %d, %v, status %d, want SIGTERM", got, err, status)
		}
	})
}

// wait4(2): a child that has ended is a zombie until its parent waits for it.
func TestAZombieStaysUntilItIsWaitedFor(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		if self.Args()[0] == "child" {
			self.Exit(7)
		}
		caught := self.Notify(SIGCHLD)
		var pids []int
		for range 3 {
			pid, err := self.ForkExec("/proc/self/exe", []string{"child"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
		if got, err := self.Wait4(pids[0], nil, WNOHANG); got != 0 || err != nil {
			t.Errorf("before they have run: got %d, %v", got, err)
		}
		self.Sleep(time.Second)
		if s, ok := self.SignalWait(caught, 0); s != SIGCHLD || !ok {
			t.Errorf("got signal %v, %t", s, ok)
		}
		want := []ProcessInfo{
			{Pid: self.Getpid(), State: "running", Args: []string{"parent"}},
			{Pid: pids[0], Parent: self.Getpid(), State: "zombie", Args: []string{"child"}},
			{Pid: pids[1], Parent: self.Getpid(), State: "zombie", Args: []string{"child"}},
			{Pid: pids[2], Parent: self.Getpid(), State: "zombie", Args: []string{"child"}},
		}
		if diff := cmp.Diff(want, k.Processes()); diff != "" {
			t.Error(diff)
		}
		if err := self.Kill(pids[0], SIGTERM); err != nil {
			t.Errorf("kill of a zombie: %v", err)
		}
		for _, pid := range []int{pids[1], -1, -1} {
			var status WaitStatus
			got, err := self.Wait4(pid, &status, WNOHANG)
			if err != nil || pid > 0 && got != pid || status.ExitStatus() != 7 {
				t.Errorf("wait4(%d): got %d, %v, status %d", pid, got, err, status)
			}
		}
		if len(k.Processes()) != 1 {
			t.Errorf("left: %v", k.Processes())
		}
		for _, pid := range []int{-1, pids[0], self.Getpid()} {
			if _, err := self.Wait4(pid, nil, 0); err != ECHILD {
				t.Errorf("wait4(%d): got %v, want ECHILD", pid, err)
			}
		}
		if err := self.Kill(pids[0], SIGTERM); err != ESRCH {
			t.Errorf("kill: got %v, want ESRCH", err)
		}
	})
}

// wait(2): if a process ignores SIGCHLD, its children don't become zombies, and wait4 waits until
// all have ended.
func TestIgnoredSIGCHLDLeavesNoZombie(t *testing.T) {
	program(t, Config{}, func(k *Kernel, self *Thread) {
		if self.Args()[0] == "child" {
			self.Sleep(time.Second)
			return
		}
		self.Ignore(SIGCHLD)
		self.ForkExec("/proc/self/exe", []string{"child"}, nil)
		if _, err := self.Wait4(-1, nil, 0); err != ECHILD || len(k.Processes()) != 1 {
			t.Errorf("got %v with %d processes, want ECHILD with one", err, len(k.Processes()))
		}
	})
}

// The children of a process that has ended belong to init(1), which waits for them.
func TestOrphansAreReaped(t *testing.T) {
	k := program(t, Config{}, func(k *Kernel, self *Thread) {
		switch self.Args()[0] {
		case "parent":
			for _, name := range []string{"long", "short", "long", "short"} {
				self.ForkExec("/proc/self/exe", []string{name}, nil)
			}
			self.Sleep(time.Second)
		case "long":
			self.Sleep(time.Hour)
		}
	})
	if got := k.Processes(); len(got) != 2 || got[0].Parent != 0 || got[0].State != "sleeping" {
		t.Errorf("an hour before the end of two orphans there are %v", got)
	}
	if k.Run(time.Hour); len(k.Processes()) != 0 {
		t.Errorf("left: %v", k.Processes())
	}
}

// A fork that fails leaves no process and no descriptor.
func TestForkExecFails(t *testing.T) {
	program(t, Config{MaxProcesses: 3}, func(k *Kernel, self *Thread) {
		if self.Args()[0] == "child" {
			return
		}
		fork := func(path string, files ...uintptr) error {
			_, err := self.ForkExec(path, []string{"child"}, &ProcAttr{Files: files})
			return err
		}
		p := k.find(self.Getpid())
		check := func(name string, got, want error) {
			t.Helper()
			if open := p.Descriptors(); got != want || open != 3 {
				t.Errorf("%s: got %v, want %v; %d descriptors are open, want 3", name, got, want, open)
			}
		}
		check("a path without a program", fork("/usr/bin/nothing"), ENOENT)
		k.Install("/usr/bin/nothing", func() {})
		check("a program", fork("/usr/bin/nothing"), nil)
		check("a descriptor that isn't open", fork("/proc/self/exe", 0, 1, 2, 77), EBADF)
		check("the third process", fork("/proc/self/exe"), nil)
		check("a fourth process", fork("/proc/self/exe"), EAGAIN)
		self.Sleep(time.Second)
		check("while zombies exist", fork("/proc/self/exe"), EAGAIN)
		self.Wait4(-1, nil, 0)
		check("after one is reaped", fork("/proc/self/exe"), nil)
		self.Sleep(time.Second)
		self.Wait4(-1, nil, 0)
		p.Limit(4)
		check("one free number", fork("/proc/self/exe"), EMFILE)
		p.Limit(5)
		check("no number above the pipe", fork("/proc/self/exe", 0, 1, 2), nil)
		self.Wait4(-1, nil, 0)
		check("none to move a descriptor to", fork("/proc/self/exe", 1, 0, 2), EBADF)
		p.Limit(1024)
		k.Inject(Fault{Call: "execve", Errno: ENOMEM, Times: 1})
		check("a fault of execve", fork("/proc/self/exe"), ENOMEM)
		k.Inject(Fault{Call: "clone", Errno: EAGAIN, Times: 1})
		check("a fault of clone", fork("/proc/self/exe"), EAGAIN)
		if got := len(k.Processes()); got != 2 { // the zombie that nobody has waited for
			t.Errorf("there are %d processes, want 2", got)
		}
	})
}

// reaper is a program. The parent forks three children, gives each the write end of a pipe by
// SCM_RIGHTS, and reaps them. Each child receives it in a thread of its own, and writes to it.
type reaper struct {
	k    *Kernel
	said []string // what the parent has read from the pipe, and then what wait4 has returned
	left string
}

func (r *reaper) main() {
	self := Current()
	if self.Args()[0] == "child" {
		self.Join(self.Go(r.answer), forever)
		self.Exit(3)
	}
	var pipe [2]int
	self.Pipe2(pipe[:], O_CLOEXEC)
	for i := range 3 {
		pair, _ := self.Socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0)
		self.ForkExec("/proc/self/exe", []string{"child"}, &ProcAttr{Files: []uintptr{0, 1, 2, uintptr(pair[1])}})
		self.Close(pair[1])
		self.Sendmsg(pair[0], [][]byte{fmt.Appendf(nil, "child%d", i)}, []int{pipe[1]}, MSG_NOSIGNAL)
		self.Close(pair[0])
	}
	self.Close(pipe[1])
	var text []byte
	var b [64]byte
	for n := 1; n > 0; {
		n, _ = self.Read(pipe[0], b[:])
		text = append(text, b[:max(n, 0)]...)
	}
	self.Close(pipe[0])
	r.said = strings.Fields(string(text))
	for {
		var status WaitStatus
		pid, err := self.Wait4(-1, &status, 0)
		if err != nil {
			break
		}
		r.said = append(r.said, fmt.Sprint("pid ", pid, " status ", status.ExitStatus()))
	}
	r.left = fmt.Sprint(self.proc.Descriptors(), " descriptors, ", len(r.k.Processes()), " processes")
}

func (r *reaper) answer() {
	self := Current()
	var b [16]byte
	n, rights, _, err := self.Recvmsg(3, b[:], 1, MSG_CMSG_CLOEXEC)
	if err == nil && len(rights) == 1 {
		self.Write(rights[0], append(b[:n:n], ' '))
	}
}

func TestAProgramForksAndPassesDescriptors(t *testing.T) {
	for seed := range uint64(200) {
		k := New(Config{Seed: seed, Preempt: 1 + int(seed%3), Shuffle: true})
		r := &reaper{k: k}
		p := k.Start(Program{Args: []string{"parent"}, Main: r.main})
		k.Run(time.Minute)
		if len(k.Panics()) > 0 {
			t.Fatalf("seed %d: %v\n%s", seed, k.Panics()[0].Value, k.Panics()[0].Stack)
		}
		slices.Sort(r.said)
		want := []string{"child0", "child1", "child2", "pid 2 status 3", "pid 3 status 3", "pid 4 status 3"}
		if diff := cmp.Diff(want, r.said); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
		if r.left != "3 descriptors, 1 processes" {
			t.Fatalf("seed %d: the parent has left %s", seed, r.left)
		}
		if _, ended := p.Ended(); !ended || len(k.Processes()) != 0 || len(k.runnable) != 0 || len(k.timers) != 0 {
			t.Fatalf("seed %d: left are processes %v, %d threads, %d timers", seed, k.Processes(), len(k.runnable), len(k.timers))
		}
		k.Close()
	}
}

func TestASeedGivesTheSameTrace(t *testing.T) {
	run := func(seed uint64) (events []Event) {
		k := New(Config{Seed: seed, Preempt: 3, Shuffle: true, Trace: func(e Event) { events = append(events, e) }})
		defer k.Close()
		k.Start(Program{Args: []string{"parent"}, Main: (&reaper{k: k}).main})
		k.Run(time.Minute)
		return events
	}
	traces := map[string]bool{}
	for seed := range uint64(20) {
		first, second := run(seed), run(seed)
		if diff := cmp.Diff(first, second); diff != "" || len(first) < 60 {
			t.Fatalf("seed %d: two runs of %d events differ: %s", seed, len(first), diff)
		}
		for i, e := range first {
			if e.Seq != uint64(i+1) {
				t.Fatalf("seed %d: event %d has the number %d", seed, i+1, e.Seq)
			}
		}
		traces[fmt.Sprint(first)] = true
	}
	if len(traces) < 15 {
		t.Errorf("20 seeds gave only %d different traces", len(traces))
	}
}
