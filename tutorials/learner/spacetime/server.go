package spacetime

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/tutorials/learner/strace"
)

// side draws the server's side of a check into a diagram.
type side struct {
	d       *Diagram
	f       *family
	clients map[netip.AddrPort]*client
	judged  time.Time
	others  map[string]int // open descriptions that are no TCP connections of a client
}

// longestText is how many characters of a call's arguments an event has.
const longestText = 160

// moment is when a call takes effect, as far as others can notice it: a write when it begins, because the
// client may read the bytes before the server's call has returned; a read when it ends.
func moment(r *strace.Record) time.Time {
	if r.Kind == strace.Call && !r.Return.Known && r.Return.Errno == "" || sends(r) || started(r) > 0 {
		return r.Began
	}
	switch r.Name {
	case "close", "shutdown", "exit_group", "listen":
		return r.Began
	}
	return r.Ended
}

// add draws the records of one start of the server. Unless it was the last start, its processes were killed,
// and strace with them, so their ends aren't recorded.
func (s *side) add(f *family, records []strace.Record, last bool) {
	s.f = f
	slices.SortStableFunc(records, func(a, b strace.Record) int { return moment(&a).Compare(moment(&b)) })
	for i := range records {
		r := &records[i]
		p := s.f.of(r.Tid)
		switch {
		case !s.judged.IsZero() && moment(r).After(s.judged):
			if r.Kind == strace.Call && r.Began.Before(s.judged) {
				p.inside[r.Tid] = r
			}
		case r.Kind == strace.Call && !r.Return.Known && r.Return.Errno == "" && r.Name != "exit_group":
			p.inside[r.Tid] = r
		case r.Kind == strace.Exited || r.Kind == strace.Killed:
			p.ended = p.ended || r.Tid == p.pid
			fallthrough
		default:
			s.draw(p, r)
		}
		s.follow(p, r)
	}
	s.wait(last)
}

// wait lists the calls in which the server's threads wait at the end, and draws those in which they waited
// when they were killed.
func (s *side) wait(last bool) {
	for _, p := range s.f.all {
		for tid, r := range p.inside {
			if p.actor == nil || !s.wanted(p, r) {
				continue
			}
			if p.ended || !last {
				s.draw(p, r)
				continue
			}
			w := Wait{Thread: tid, Call: r.Name, Args: clip(s.asked(p, r), longestText), actor: p.actor}
			s.d.Waits = append(s.d.Waits, w)
		}
	}
}

// draw adds a record to the diagram, unless it is of no interest.
func (s *side) draw(p *process, r *strace.Record) {
	if p.actor == nil {
		return
	}
	if !s.wanted(p, r) {
		s.d.LeftOut++
		return
	}
	e := Event{at: moment(r), actor: p.actor, Thread: r.Tid, took: r.Waited()}
	switch r.Kind {
	case strace.Call:
		s.call(p, r, &e)
	case strace.Signal:
		e.Action = "gets " + r.Name
	case strace.Stopped:
		e.Action = "is stopped by " + r.Name
	case strace.Exited:
		e.Action, e.leaves = "ends with status "+strconv.Itoa(r.Status), true
	case strace.Killed:
		e.Action, e.leaves = "is killed by "+r.Name, true
	}
	s.d.Events = append(s.d.Events, e)
	switch { // the moment of a write is its beginning: show how long it waited, too
	case e.Call == "" || !sends(r) || e.took <= stuck:
	case !s.judged.IsZero() && r.Ended.After(s.judged):
		p.inside[r.Tid] = r
	default:
		after := e
		after.at, after.File, after.n, after.Slept = r.Ended, 0, 0, true
		after.Args += " (the same call returns)"
		s.d.Events = append(s.d.Events, after)
	}
}

// call fills an event with a system call.
func (s *side) call(p *process, r *strace.Record, e *Event) {
	e.Call, e.Args = r.Name, clip(s.arguments(p, r), longestText)
	e.Errno = r.Return.Errno
	if strings.HasPrefix(e.Errno, "ERESTART") { // the kernel's own word: the program sees EINTR, or nothing
		e.Errno = "interrupted"
	}
	if r.Return.Known {
		result := r.Return.Value
		e.Result = &result
	}
	e.Slept = e.took >= slept && e.at.Equal(r.Ended)
	e.File = s.file(p, r.Arg(0).Fd)
	if e.Sends = r.Name == "splice" && sends(r); e.Sends {
		e.File = s.file(p, r.Arg(2).Fd)
	}
	if fd := r.Return.Fd; fd != nil && strings.HasPrefix(r.Name, "accept") {
		e.NewFile = s.file(p, fd)
	}
	if e.Result != nil && *e.Result > 0 && (sends(r) || receives(r)) {
		e.n = *e.Result
		e.log = sends(r) && r.Arg(0).Fd != nil && isOutput(r.Arg(0).Fd)
		b := payload(r)
		e.Bytes = latin1(b[:min(int64(len(b)), e.n)])
	}
}

// file returns the number of the open description behind a descriptor, or 0 if it isn't known.
func (s *side) file(p *process, d *strace.Descriptor) int {
	if d == nil {
		return 0
	}
	if c := s.clients[d.Remote]; c != nil {
		return c.file + 1
	}
	switch {
	case d.Remote.IsValid() || d.Path == "" && d.Inode == 0 && !d.Local.IsValid():
		return 0
	case isTCP(d) && p.files[d.Num] != 0: // after a reset the kernel forgets the addresses
		return p.files[d.Num]
	case strings.HasPrefix(d.Kind, "UNIX"):
		return s.unix(d)
	case d.Local.IsValid():
		return s.other(d.Local.String())
	}
	return 0
}

// unix numbers a Unix socket, and pairs it with its peer.
func (s *side) unix(d *strace.Descriptor) int {
	local, remote, _ := strings.Cut(d.Path, "->")
	remote, _, _ = strings.Cut(remote, ",")
	file := s.other("unix " + local)
	if remote != "" {
		peer := s.other("unix " + remote)
		s.d.Pairs[file], s.d.Pairs[peer] = peer, file
	}
	return file
}

func (s *side) other(name string) int {
	if s.others[name] == 0 {
		s.others[name] = 500_000 + len(s.others)
	}
	return s.others[name]
}

// follow keeps track of which descriptor is which connection, and of what epoll watches.
func (s *side) follow(p *process, r *strace.Record) {
	for _, d := range []*strace.Descriptor{r.Arg(0).Fd, r.Return.Fd} {
		switch {
		case d == nil:
		case s.clients[d.Remote] != nil:
			p.files[d.Num] = s.clients[d.Remote].file + 1
		case !isTCP(d):
			delete(p.files, d.Num)
		}
	}
	switch {
	case r.Name == "listen", r.Name == "bind" && r.Return.Errno != "":
		p.up = true
	case r.Name == "close" && r.Arg(0).Fd != nil:
		delete(p.files, r.Arg(0).Fd.Num)
	case started(r) > 0 && !isThread(r):
		child := s.f.of(started(r))
		child.up = p.up
		for fd, file := range p.files {
			child.files[fd] = file
		}
		for w, fd := range p.watched {
			child.watched[w] = fd
		}
	case r.Name == "epoll_ctl" && r.Return.Value == 0:
		s.f.watch(p, r)
	}
}

// watch notes what epoll_wait will return about a descriptor.
func (f *family) watch(p *process, r *strace.Record) {
	data := r.Arg(3).Named("data").Named("u64").Word
	if epoll, fd := number(r.Arg(0)), number(r.Arg(2)); data != "" && epoll >= 0 && fd >= 0 {
		p.watched[watch{epoll, data}] = fd
	}
}
