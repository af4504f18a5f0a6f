package spacetime

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"threeloops/tutorials/learner/strace"
)

// process is a process that strace has followed.
type process struct {
	pid      int
	parent   *process
	children []*process
	actor    *actor
	began    time.Time // when it was started; zero if strace hasn't seen that
	listened time.Time // when it called listen on a TCP socket; zero if it never did
	program  time.Time // when it began the program that listens
	up       bool      // it has called listen, or its parent had when it was started
	shown    bool
	files    map[int]int            // open descriptions of TCP connections, by descriptor
	watched  map[watch]int          // what epoll_ctl said that epoll_wait returns, and the descriptor it meant
	ended    bool                   // it has ended before the check was judged
	inside   map[int]*strace.Record // the call in which each thread waits when the check is judged
}

// watch is an entry of an epoll instance's interest list.
type watch struct {
	epoll int
	data  string
}

// family is the processes of one start of a server.
type family struct {
	byTid map[int]*process
	all   []*process
}

// newFamily finds out which processes belong to the server.
func newFamily(records []strace.Record, clients map[netip.AddrPort]*client) *family {
	f := &family{byTid: map[int]*process{}}
	f.grow(records)
	for i := range records {
		p, fd := f.of(records[i].Tid), records[i].Arg(0).Fd
		if !p.listened.IsZero() || fd != nil && clients[fd.Remote] != nil {
			p.show()
		}
	}
	f.failed(records)
	return f
}

// grow finds out which thread belongs to which process, and which process started which. This must be
// known before anything else, because a child may run before its parent's call returns.
func (f *family) grow(records []strace.Record) {
	for i := range records {
		r := &records[i]
		if child := started(r); child > 0 && isThread(r) {
			f.byTid[child] = f.of(r.Tid)
		} else if child > 0 {
			p := f.of(child)
			if p.parent == nil && p != f.of(r.Tid) {
				p.parent, p.began = f.of(r.Tid), r.Began
				p.parent.children = append(p.parent.children, p)
			}
		}
	}
	for i := range records {
		r := &records[i]
		p := f.of(r.Tid)
		fd := r.Arg(0).Fd
		switch {
		case !p.listened.IsZero():
		case r.Name == "execve" && r.Return.Known && r.Return.Errno == "":
			p.program = r.Began
		case r.Name == "listen" && fd != nil && isTCP(fd) && r.Return.Errno == "":
			p.listened = r.Began
		}
	}
}

// failed marks the processes of a server that couldn't start, if no process is marked: those that tried to
// take a port, or all.
func (f *family) failed(records []strace.Record) {
	any := func() bool { return slices.ContainsFunc(f.all, func(p *process) bool { return p.shown }) }
	for i := range records {
		if r := &records[i]; !any() && r.Name == "bind" && r.Return.Errno != "" && hasPort(r.Arg(1)) {
			p := f.of(r.Tid)
			p.listened, p.shown = r.Began, true
		}
	}
	if !any() {
		for _, p := range f.all {
			p.shown = true
		}
	}
}

// of returns the process of a thread.
func (f *family) of(tid int) *process {
	p := f.byTid[tid]
	if p == nil {
		p = &process{pid: tid, files: map[int]int{}, watched: map[watch]int{}, inside: map[int]*strace.Record{}}
		f.byTid[tid] = p
		f.all = append(f.all, p)
	}
	return p
}

// show marks a process and its descendants as part of the server. Its ancestors, like a shell or “go
// run”, aren't; nor are those that a script has started before it became the server.
func (p *process) show() {
	if p.shown {
		return
	}
	p.shown = true
	for _, c := range p.children {
		if c.began.After(p.listened) {
			c.show()
		}
	}
}

// name makes actors of the processes of all starts that are shown.
func name(all []*family) {
	var servers []*actor
	children := 0
	for _, f := range all {
		for _, p := range f.all {
			switch {
			case !p.shown:
			case p.parent == nil || !p.parent.shown:
				p.actor = &actor{kind: "process", noun: "server", num: len(servers) + 1}
				servers = append(servers, p.actor)
			default:
				children++
				p.actor = &actor{kind: "process", noun: "child", num: children}
			}
		}
	}
	if len(servers) == 1 {
		servers[0].num = 0
	}
}

// started returns the thread that a call has started, or 0.
func started(r *strace.Record) int {
	switch r.Name {
	case "clone", "clone3", "fork", "vfork":
		if r.Return.Known && r.Return.Value > 0 {
			return int(r.Return.Value)
		}
	}
	return 0
}

// isThread reports whether a clone has started a thread of the same process.
func isThread(r *strace.Record) bool {
	flags := r.Named("flags").Word + r.Arg(0).Named("flags").Word
	return strings.Contains(flags, "CLONE_THREAD")
}

// isTCP reports whether a descriptor is a TCP socket, as far as strace knows. For some it knows only that
// they are sockets.
func isTCP(d *strace.Descriptor) bool {
	return d.Kind == "TCP" || d.Kind == "TCPv6" || d.Kind == "socket" || d.Kind == "MPTCP" || d.Kind == "MPTCPv6"
}
