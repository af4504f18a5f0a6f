package sim

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// ownProgram is the path that stands for the program of the process that uses it, proc(5).
const ownProgram = "/proc/self/exe"

// Install makes main a program that ForkExec finds under path.
func (k *Kernel) Install(path string, main func()) {
	if k.programs == nil {
		k.programs = map[string]func(){}
	}
	k.programs[path] = main
}

// ForkExec starts a process as syscall.ForkExec does, with the same system calls in the same order.
// Those of the new process, up to execve, come before clone returns, because Go uses CLONE_VFORK.
//
// The new process gets the descriptors attr.Files as 0, 1, 2, …, and those that don't close on exec.
// If it can't be started, it writes the errno to a pipe, which the caller reads.
func (t *Thread) ForkExec(path string, args []string, attr *ProcAttr) (pid int, err error) {
	if attr == nil {
		attr = &ProcAttr{}
	}
	if attr.Dir != "" {
		panic("sim: ForkExec with a directory isn't modelled")
	}
	var status [2]int
	if err := t.Pipe2(status[:], O_CLOEXEC); err != nil {
		return 0, err
	}
	pid, errno := t.call("clone", noDescriptor, func() string { return argList(raw("child_stack=NULL"), raw("flags=CLONE_VM|CLONE_VFORK|SIGCHLD")) }, func() (int, Errno) {
		return t.fork(path, args, attr, status[1])
	})
	if errno != 0 {
		t.Close(status[0])
		t.Close(status[1])
		return 0, errno
	}
	t.Close(status[1])
	var b [8]byte
	n, err := t.Read(status[0], b[:])
	for err == EINTR {
		n, err = t.Read(status[0], b[:])
	}
	t.Close(status[0])
	switch {
	case err == nil && n == 0: // exec has closed the pipe
		return pid, nil
	case n == len(b):
		err = Errno(binary.NativeEndian.Uint64(b[:]))
	case err == nil:
		err = EPIPE
	}
	for {
		if _, wait := t.Wait4(pid, nil, 0); wait != EINTR {
			return 0, err
		}
	}
}

// fork makes the new process, and lets it run up to execve. status is the end of the pipe that tells
// the caller of an error.
func (t *Thread) fork(path string, args []string, attr *ProcAttr, status int) (int, Errno) {
	k := t.k
	if k.cfg.MaxProcesses > 0 && len(k.processes) >= k.cfg.MaxProcesses {
		return -1, EAGAIN
	}
	p := k.newProcess(t.proc)
	p.group, p.dir, p.main, p.limit = t.proc.group, t.proc.dir, t.proc.main, t.proc.limit
	p.args, p.env = slices.Clone(args), slices.Clone(attr.Env)
	p.ignored = maps.Clone(t.proc.ignored) // handlers don't stay, execve(2)
	p.table = t.table.copyFor(p)
	child := k.makeThread(p, p.table)
	child.forker = t
	child.becomeProgram(path, attr, status)
	child.forker = nil
	return p.Pid, 0
}

// becomeProgram makes the calls of a new process up to execve. A fault may kill the process before
// that, and then clone returns. If the parent has ended meanwhile, nobody could make the other calls.
func (t *Thread) becomeProgram(path string, attr *ProcAttr, status int) {
	defer func() {
		switch r := recover(); {
		case r == nil:
		case r != unwound{}:
			panic(r)
		case t.proc.state == living:
			t.proc.end(signaled(SIGKILL))
		}
	}()
	if attr.Sys != nil && attr.Sys.Setpgid {
		t.setpgid()
	}
	status, errno := t.moveFiles(attr.Files, status)
	if errno == 0 {
		errno = t.execve(path)
	}
	if errno != 0 {
		var b [8]byte
		binary.NativeEndian.PutUint64(b[:], uint64(errno))
		t.Write(status, b[:])
		t.call("exit", noDescriptor, func() string { return argList(execFailed) }, func() (int, Errno) {
			t.proc.end(exited(execFailed))
			return 0, 0
		})
	}
}

// execFailed is with which status Go's new process ends if it can't be started.
const execFailed = 253

func (t *Thread) setpgid() {
	t.call("setpgid", noDescriptor, func() string { return argList(0, 0) }, func() (int, Errno) {
		t.proc.group = t.proc.Pid
		return 0, 0
	})
}

// moveFiles gives the new process its descriptors, step by step as package syscall does: those that
// would be overwritten are first duplicated above all others. dup3 then fails with EBADF if the
// number is above the limit. moveFiles returns where the pipe is.
func (t *Thread) moveFiles(files []uintptr, pipe int) (int, Errno) {
	fds := make([]int, len(files))
	next := len(files)
	for i, f := range files {
		fds[i] = int(f)
		next = max(next, fds[i])
	}
	next++
	if pipe < next {
		if err := t.Dup3(pipe, next, O_CLOEXEC); err != nil {
			return pipe, err.(Errno)
		}
		pipe = next
		next++
	}
	for i, fd := range fds {
		if fd < 0 || fd >= i {
			continue
		}
		if next == pipe {
			next++
		}
		if err := t.Dup3(fd, next, O_CLOEXEC); err != nil {
			return pipe, err.(Errno)
		}
		fds[i] = next
		next++
	}
	for i, fd := range fds {
		var err error
		switch {
		case fd < 0:
			t.Close(i)
		case fd == i:
			err = t.keepOnExec(fd)
		default:
			err = t.Dup3(fd, i, 0)
		}
		if err != nil {
			return pipe, err.(Errno)
		}
	}
	for i := len(fds); i < 3; i++ {
		t.Close(i)
	}
	return pipe, 0
}

// keepOnExec is fcntl(2) with F_SETFD, and without FD_CLOEXEC.
func (t *Thread) keepOnExec(fd int) error {
	_, errno := t.call("fcntl", fd, func() string { return argList(fd, raw("F_SETFD"), 0) }, func() (int, Errno) {
		if _, errno := t.table.at(fd); errno != 0 {
			return -1, errno
		}
		t.table.fds[fd].cloexec = false
		return 0, 0
	})
	return errno.err()
}

// execve is execve(2) in a new process, whose only thread t is.
func (t *Thread) execve(path string) Errno {
	p := t.proc
	_, errno := t.call("execve", noDescriptor, func() string {
		return argList(path, raw(fmt.Sprintf("%q", p.args)), raw(fmt.Sprintf("envp /* %d vars */", len(p.env))))
	}, func() (int, Errno) {
		main, found := t.k.programs[path]
		if path == ownProgram {
			main, found = p.main, true
		}
		switch {
		case !found:
			return -1, ENOENT
		case main == nil:
			panic("sim: /proc/self/exe of a process without a program isn't modelled")
		}
		p.main = main
		for fd, d := range t.table.fds {
			if d.description != nil && d.cloexec {
				t.table.close(fd)
			}
		}
		p.Out, p.Err = p.sink(1), p.sink(2)
		p.startRuntime()
		t.start(func() { p.main(); t.Exit(0) })
		return 0, 0
	})
	return errno
}

// sink is the Sink behind a descriptor, or nil.
func (p *Process) sink(fd int) *Sink {
	d, errno := p.table.at(fd)
	if errno != 0 {
		return nil
	}
	s, _ := d.file.(*Sink)
	return s
}

// Wait4 is wait4(2) for a child, or with -1 for any child. The only option is WNOHANG. status may be
// nil.
func (t *Thread) Wait4(pid int, status *WaitStatus, options int) (int, error) {
	if status == nil {
		status = new(WaitStatus)
	}
	n, errno := t.call("wait4", noDescriptor, func() string {
		word := raw("0")
		if options != 0 {
			word = flagArg(uint64(options), []name{{WNOHANG, "WNOHANG"}})
		}
		return argList(pid, raw("["+waitArg(*status)+"]"), word, raw("NULL"))
	}, func() (int, Errno) {
		if pid == 0 || pid < -1 || options&^WNOHANG != 0 {
			panic("sim: wait4 for a process group, or with other options than WNOHANG, isn't modelled")
		}
		for {
			children := 0
			for _, c := range t.k.processes {
				if c.parent != t.proc || pid > 0 && c.Pid != pid {
					continue
				}
				if children++; c.state == zombie {
					*status = c.status
					c.reap()
					return c.Pid, 0
				}
			}
			switch {
			case children == 0:
				return -1, ECHILD
			case options&WNOHANG != 0:
				return 0, 0
			}
			t.waitIn(forever, &t.proc.childEnded)
		}
	})
	return n, errno.err()
}

// waitArg writes how a process has ended as strace does.
func waitArg(s WaitStatus) string {
	if s.Signaled() {
		return fmt.Sprintf("{WIFSIGNALED(s) && WTERMSIG(s) == %d}", s.Signal())
	}
	return fmt.Sprintf("{WIFEXITED(s) && WEXITSTATUS(s) == %d}", s.ExitStatus())
}

// ProcessInfo describes a process.
type ProcessInfo struct {
	Pid    int
	Parent int    // pid of the parent; 0: it has none, or its parent has ended
	State  string // running, sleeping, stopped or zombie; proc(5) calls them R, S, T and Z
	Args   []string
}

// Processes returns all processes that exist, by ascending pid. A zombie exists until its parent has
// waited for it.
func (k *Kernel) Processes() []ProcessInfo {
	all := make([]ProcessInfo, 0, len(k.processes))
	for _, p := range k.processes {
		info := ProcessInfo{Pid: p.Pid, State: p.stateName(), Args: slices.Clone(p.args)}
		if p.parent != nil {
			info.Parent = p.parent.Pid
		}
		all = append(all, info)
	}
	return all
}

// stateName tells what the threads do. A process that NewProcess has made sleeps between the calls
// of its caller.
func (p *Process) stateName() string {
	switch {
	case p.state != living:
		return "zombie"
	case p.stopped:
		return "stopped"
	case slices.ContainsFunc(p.threads, func(t *Thread) bool { return t.state == ready }):
		return "running"
	}
	return "sleeping"
}
