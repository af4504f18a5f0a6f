//go:build js

package sys

import (
	"strings"
	"time"

	"threeloops/common/sim"
)

// view is what view returns. It is small enough to be made after each step: bytes are cut.
type view struct {
	Steps     int
	Time      time.Duration
	Wall      time.Time
	Calls     uint64 // of programs and clients
	Over      bool   // the server has ended
	Status    int    // its exit status, or -1 if a signal has ended it
	Panics    []sim.Panic
	Out, Err  string        // the end of what the server has written to its standard output and error
	Turn      int           // Tid of the thread that makes the next call; 0: none can, or nobody knows which
	InTurn    bool          // it is in the middle of its turn: no client acts before the turn is over
	NextTime  time.Duration // of the next action or timer; -1: there is none
	Processes []sim.ProcessState
	Files     []fileView
	Sockets   []socketView
	Clients   []clientView
	Phases    []phaseView
	Counters  counters
	Fired     sim.Fired // what the kernel has done in this step because it was time
}

type fileView struct {
	ID          uint64
	Kind        string
	References  int
	NonBlocking bool
	Events      []string
	Socket      uint64
	Count       uint64
	Interest    []interestView
	Ready       []interestView
}

type interestView struct {
	Fd     int
	File   uint64
	Events []string
}

type socketView struct {
	sim.SocketState
	Received, Unsent cut // in place of the bytes
}

// cut is the beginning of some bytes, or their end.
type cut struct {
	N    int // of all bytes
	Text string
}

type clientView struct {
	Name      string
	Pid       int
	Socket    uint64 // 0: none
	End       string
	EndAt     time.Duration
	Got       cut // the last bytes
	Unsent    int
	Deaf      bool
	Connected bool
	Addresses []string // of its ends of its connections, also of those that are over
}

// phaseView is what the protocol core knows of a connection.
type phaseView struct {
	Pid, Fd  int
	File     uint64
	Phase    string
	Queued   int64         // bytes that the server has for the client, and that the socket hasn't taken
	Deadline time.Duration // when the connection's timer is due, since the start; -1: never
}

// session is the part of a connection that is observed.
type session interface {
	Phase() string
	Queued() int64
	Deadline() time.Time
}

type counters struct {
	Calls             map[string]int
	WakeUps           int
	BytesIn, BytesOut int
}

// ObserveConn makes view show the connection with a descriptor.
func ObserveConn(fd int, c session) { sim.Current().Describe(fd, func() any { return c }) }

func (p *page) view() string {
	w := p.world
	if w == nil {
		return "null"
	}
	s := w.Kernel.Snapshot()
	v := view{
		Steps: w.Steps(), Time: s.Time, Wall: w.Kernel.Now(), Calls: s.Calls, Panics: w.Kernel.Panics(),
		Out: end(w.Server.Out.String()), Err: end(w.Server.Err.String()),
		Turn: s.Turn, InTurn: w.InTurn(), NextTime: p.nextTime(), Processes: s.Processes,
		Counters: counters{p.calls, p.wakeUps, p.bytesIn, p.bytesOut}, Fired: s.Fired,
	}
	if status, ended := w.Server.Ended(); ended {
		v.Over, v.Status = true, status.ExitStatus()
	}
	observed := map[uint64]session{}
	for i := range s.Files {
		f := &s.Files[i]
		if c, ok := f.About.(session); ok {
			observed[f.ID] = c
		}
		v.Files = append(v.Files, fileView{f.ID, f.Kind, f.References, f.NonBlocking, names(f.Events), f.Socket, f.Count,
			interests(f.Interest), interests(f.Ready)})
	}
	for i := range s.Sockets {
		v.Sockets = append(v.Sockets, newSocketView(&s.Sockets[i]))
	}
	for _, c := range w.Clients {
		const most = 400
		v.Clients = append(v.Clients, clientView{c.Name, c.Pid(), c.Socket(), c.End, c.EndAt,
			cut{len(c.Got), latin1(c.Got[max(0, len(c.Got)-most):])}, c.Unsent(), c.Deaf(), c.Connected(), p.addresses[c.Name]})
	}
	for _, process := range s.Processes {
		for _, d := range process.AllDescriptors() {
			if c := observed[d.File]; c != nil {
				v.Phases = append(v.Phases, phaseView{process.Pid, d.Fd, d.File, c.Phase(), c.Queued(), p.uptimeOf(c.Deadline())})
			}
		}
	}
	return encode(v)
}

// uptimeOf is the time since the start of a time on the server's clock, or -1 for no time.
func (p *page) uptimeOf(at time.Time) time.Duration {
	if at.IsZero() {
		return -1
	}
	return p.world.Kernel.Uptime() + at.Sub(p.world.Kernel.Now())
}

func newSocketView(s *sim.SocketState) socketView {
	const most = 200
	shorten := func(p []byte) cut { return cut{len(p), latin1(p[:min(len(p), most)])} }
	return socketView{*s, shorten(s.Received), shorten(s.Unsent)}
}

func interests(all []sim.InterestState) (views []interestView) {
	for _, in := range all {
		views = append(views, interestView{in.Fd, in.File, names(in.Events)})
	}
	return views
}

// names are the names of event flags, without EPOLL.
func names(events uint32) []string {
	if events == 0 {
		return []string{}
	}
	return strings.Split(sim.EventNames(events), "|")
}

// end is the end of a text.
func end(text string) string {
	const most = 2048
	return text[max(0, len(text)-most):]
}

// nextTime is when the next action or timer comes.
func (p *page) nextTime() time.Duration {
	at, ok := p.world.Kernel.NextTimer()
	if action, also := p.world.NextAction(); also && (!ok || action < at) {
		at, ok = action, true
	}
	if !ok {
		return -1
	}
	return at
}

// socketBytes are all bytes of a socket's buffer.
func (p *page) socketBytes(id uint64, what string) string {
	if p.world == nil {
		return ""
	}
	for _, s := range p.world.Kernel.Snapshot().Sockets {
		switch {
		case s.ID != id:
		case what == "unsent":
			return latin1(s.Unsent)
		default:
			return latin1(s.Received)
		}
	}
	return ""
}

// got is all that a client has received.
func (p *page) got(name string) string {
	if p.world != nil {
		for _, c := range p.world.Clients {
			if c.Name == name {
				return latin1(c.Got)
			}
		}
	}
	return ""
}
