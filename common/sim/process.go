package sim

import (
	"slices"
	"time"
)

// Process is a simulated process. It shares no table of descriptors and no arguments with another one.
// All processes share the memory of the real program, so a program may keep nothing in package-level
// variables.
type Process struct {
	Pid    int
	k      *Kernel
	parent *Process // nil: started from outside
	group  int      // process group
	args   []string
	env    []string
	dir    string
	main   func()

	limit   int      // RLIMIT_NOFILE
	table   *table   // of its first thread, and of all others that have none of their own
	own     []*table // those that threads have got from Unshare
	threads []*Thread
	outside *Thread // the thread that Thread returns
	state   processState
	stopped bool // by SIGSTOP
	status  WaitStatus
	endedAt time.Duration

	ignored    map[Signal]bool
	waits      []*signalWait // those that handle signals
	stops      int           // how often it was stopped
	held       []*Thread     // of a stopped process: the threads that will run when it continues
	pending    []Signal      // of a stopped process: what has come meanwhile
	continued  waitQueue     // woken when it continues or ends
	childEnded waitQueue     // woken when a child ends, for Wait4
	Out, Err   *Sink         // what it has written to descriptors 1 and 2, if Start has opened them
	in         *source       // what descriptor 0 was, if Start has opened it
}

type processState uint8

const (
	living processState = iota
	zombie
	reaped
)

// Program is what Start runs as a process.
type Program struct {
	Main  func()   // the main function. It gets everything from its kernel, and nothing from package os
	Args  []string // with the name of the program
	Env   []string
	Dir   string // working directory; empty: /
	Stdin []byte // what it reads from descriptor 0 before the end of file
	// Operated: instead of the end of file comes what Process.Type adds.
	Operated bool
}

// Start starts a program. Its standard output and error are kept in Out and Err.
func (k *Kernel) Start(prog Program) *Process {
	p := k.newProcess(nil)
	p.args, p.env, p.main = prog.Args, prog.Env, prog.Main
	if p.dir = prog.Dir; p.dir == "" {
		p.dir = "/"
	}
	p.Out, p.Err, p.in = &Sink{}, &Sink{}, &source{rest: prog.Stdin, open: prog.Operated}
	p.table.put(0, k.newDescription(p.in, O_RDONLY), false)
	p.table.put(1, k.newDescription(p.Out, O_WRONLY), false)
	p.table.put(2, k.newDescription(p.Err, O_WRONLY), false)
	p.startRuntime()
	t := k.makeThread(p, p.table)
	t.start(func() { p.main(); t.Exit(0) })
	return p
}

// NewProcess returns a process without a program, such as a client. The caller makes its calls, on
// the thread that Thread returns.
func (k *Kernel) NewProcess(name string) *Process {
	p := k.newProcess(nil)
	p.args, p.dir = []string{name}, "/"
	p.outside = k.makeThread(p, p.table)
	return p
}

// Thread is the thread of a process that NewProcess has made. Its calls run in the caller's
// goroutine, which must be the one that calls Step.
func (p *Process) Thread() *Thread { return p.outside }

func (k *Kernel) newProcess(parent *Process) *Process {
	k.lastPid++
	p := &Process{
		Pid: k.lastPid, k: k, parent: parent, group: k.lastPid,
		limit: k.cfg.MaxFiles, ignored: map[Signal]bool{},
	}
	p.table = &table{proc: p}
	k.processes = append(k.processes, p)
	return p
}

// Ended reports whether the process has ended, and how.
func (p *Process) Ended() (status WaitStatus, ended bool) { return p.status, p.state != living }

// Family is how many processes the process and all its descendants are, zombies too. It is 0 if the
// process has been reaped.
func (p *Process) Family() int { return len(p.family()) }

// family returns the process and all its descendants, zombies too, by ascending pid. It is empty if
// the process has been reaped.
func (p *Process) family() (all []*Process) {
	for _, member := range p.k.processes {
		if member == p || slices.Contains(all, member.parent) { // a parent is older than its child
			all = append(all, member)
		}
	}
	return all
}

// EndedAt is when the process has ended, since the kernel started.
func (p *Process) EndedAt() time.Duration { return p.endedAt }

// Limit sets RLIMIT_NOFILE of a running process, as prlimit(2) does. files isn't negative.
func (p *Process) Limit(files int) { p.limit = max(files, 0) }

// Exit is exit_group(2). It ends all threads of the process, and returns only for a process that
// NewProcess has made.
func (t *Thread) Exit(status int) {
	t.call("exit_group", noDescriptor, func() string { return argList(status) }, func() (int, Errno) {
		t.proc.end(exited(status))
		return 0, 0
	})
}

// end ends the process: it closes its descriptors, and tells its parent.
func (p *Process) end(status WaitStatus) {
	p.state, p.status, p.endedAt = zombie, status, p.k.now
	p.stopped, p.held, p.pending = false, nil, nil
	p.continued.wake(0)
	for _, t := range p.threads {
		p.k.stopTimer(&t.timer)
		p.k.runnable = slices.DeleteFunc(p.k.runnable, func(o *Thread) bool { return o == t })
		if p.k.inTurn == t {
			p.k.inTurn = nil
		}
		if t != current {
			t.state = hasEnded // nothing wakes it
			p.k.dead = append(p.k.dead, t)
		}
	}
	p.threads = nil
	p.closeTables()
	for _, c := range slices.Clone(p.k.processes) {
		if c.parent == p { // init(1) reaps orphans
			if c.parent = nil; c.state == zombie {
				c.reap()
			} else {
				c.hangUp()
			}
		}
	}
	switch {
	case p.parent == nil:
		p.reap()
		return
	case p.parent.ignored[SIGCHLD]: // then no child becomes a zombie, wait(2)
		p.reap()
	}
	p.parent.childEnded.wake(0)
	p.parent.signal(SIGCHLD)
}

// reap removes a zombie from the process table.
func (p *Process) reap() {
	p.state = reaped
	p.k.processes = slices.DeleteFunc(p.k.processes, func(o *Process) bool { return o == p })
}

// Args are the arguments of the process, with the name of the program.
func (t *Thread) Args() []string { return slices.Clone(t.proc.args) }

// Environ is the environment of the process.
func (t *Thread) Environ() []string { return slices.Clone(t.proc.env) }

// Getpid is getpid(2).
func (t *Thread) Getpid() int { return t.proc.Pid }

// Now is clock_gettime(2). On Linux it isn't a system call, so no Event tells of it.
func (t *Thread) Now() time.Time { return t.k.Now() }

// Go starts a thread of the same process that runs f, clone(2). Both use the same table of
// descriptors. Go doesn't hand over.
func (t *Thread) Go(f func()) *Thread { return t.k.makeThread(t.proc, t.table).start(f) }

// Go starts a thread that runs f and uses the process's table of descriptors.
func (p *Process) Go(f func()) *Thread { return p.k.makeThread(p, p.table).start(f) }

// Process is the thread's process.
func (t *Thread) Process() *Process { return t.proc }

// Join waits until other has ended, or the limit has passed. It reports whether other has ended. A
// negative limit doesn't pass.
func (t *Thread) Join(other *Thread, limit time.Duration) bool {
	_, errno := t.call("futex", noDescriptor, func() string { return argList(raw("FUTEX_WAIT"), raw(limit.String())) }, func() (int, Errno) {
		for end := t.k.until(limit); other.state != hasEnded; t.waitIn(end, &other.ended) {
			if t.k.passed(end) {
				return -1, ETIMEDOUT
			}
		}
		return 0, 0
	})
	return errno == 0
}

// Sleep is nanosleep(2).
func (t *Thread) Sleep(d time.Duration) {
	t.call("nanosleep", noDescriptor, func() string { return argList(raw(d.String())) }, func() (int, Errno) {
		end := t.k.until(max(d, 0))
		for t.sleep(end); !t.k.passed(end); t.sleep(end) { // SIGSTOP has interrupted it
		}
		return 0, 0
	})
}

// Getrandom is getrandom(2). The bytes come from the kernel's seed.
func (t *Thread) Getrandom(p []byte) (int, error) {
	n, errno := t.call("getrandom", noDescriptor, func() string { return argList(bytesArg(p), len(p), 0) }, func() (int, Errno) {
		for i := range p {
			p[i] = byte(t.k.rand.Uint32())
		}
		return len(p), 0
	})
	return n, errno.err()
}

// Descriptors is how many descriptors the process has open, in all of its tables.
func (p *Process) Descriptors() (n int) {
	for range p.descriptors() {
		n++
	}
	return n
}
