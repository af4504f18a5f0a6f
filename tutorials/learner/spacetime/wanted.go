package spacetime

import (
	"strings"

	"threeloops/tutorials/learner/strace"
)

// wanted reports whether a record tells a reader anything. Much of what a process does, it does to
// load itself, or to ask the kernel what the program knows already.
func (s *side) wanted(p *process, r *strace.Record) bool {
	if !p.listened.IsZero() && !p.up {
		return r.Name == "execve" && r.Began.Equal(p.program) || r.Name == "bind" && hasPort(r.Arg(1)) ||
			r.Name == "listen"
	}
	switch r.Kind {
	case strace.Signal:
		return r.Name != "SIGURG" // the runtime of Go sends it to its own threads
	case strace.Exited, strace.Killed, strace.Stopped:
		return r.Tid == p.pid
	case strace.Superseded:
		return false
	}
	fd := r.Arg(0).Fd
	switch r.Name {
	case "getsockname", "getpeername", "fcntl", "exit", "arch_prctl", "set_tid_address", "tgkill", "rt_sigaction",
		"rt_sigprocmask", "pread64", "close_range", "prlimit64", "tkill":
		return false
	case "getsockopt":
		return r.Arg(2).Word == "SO_ERROR"
	case "setsockopt":
		return !strings.Contains(r.Arg(2).Word, "KEEP") && isServed(fd)
	case "clone", "clone3", "fork", "vfork":
		return !isThread(r)
	case "close":
		return fd == nil || fd.Kind != "file" && fd.Kind != "pipe" && fd.Kind != "pid"
	case "execve", "bind", "listen", "accept", "accept4", "wait4", "waitid", "kill", "exit_group", "shutdown":
		return true
	case "epoll_pwait": // the runtime of Go looks this way whether anything is ready, before a thread sleeps
		return !(r.Return.Known && r.Return.Value == 0 && r.Arg(2).Word == "128" && r.Arg(3).Word == "0")
	case "socket", "epoll_create", "epoll_create1", "eventfd", "eventfd2", "pipe", "pipe2", "memfd_create",
		"timerfd_create", "signalfd4":
		return false
	}
	return fd == nil || fd.Kind != "file" || isOutput(fd) && sends(r) || isContent(fd)
}

// hasPort reports whether a struct sockaddr has a port. A runtime may bind sockets without one, only to
// see what the kernel supports.
func hasPort(v strace.Value) bool {
	port := portOf(v)
	return port != "" && port != "0"
}

// isServed reports whether a descriptor is a listener or a client's connection.
func isServed(fd *strace.Descriptor) bool { return fd != nil && isTCP(fd) && fd.Local.IsValid() }

// isOutput reports whether a descriptor is the standard output or error, where a server writes its log.
func isOutput(fd *strace.Descriptor) bool { return fd.Num == 1 || fd.Num == 2 }

// isContent reports whether a file may be something that the server sends, and not a part of the system
// or of the program.
func isContent(fd *strace.Descriptor) bool {
	for _, dir := range []string{"/proc/", "/sys/", "/etc/", "/usr/", "/lib", "/dev/", "/bin/", "/sbin/", "/opt/"} {
		if strings.HasPrefix(fd.Path, dir) {
			return false
		}
	}
	for _, end := range []string{".py", ".pyc", ".so", ".js", ".rb", ".jar", ".mod", ".go"} {
		if strings.HasSuffix(fd.Path, end) {
			return false
		}
	}
	return true
}
