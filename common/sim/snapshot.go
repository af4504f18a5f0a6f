package sim

import (
	"maps"
	"slices"
	"time"
)

// Snapshot is the state of a whole kernel, as data. It shares nothing with the kernel.
type Snapshot struct {
	Time      time.Duration // since the kernel started
	Turn      int           // Tid of the thread that makes the next call; 0: no thread can run, or Shuffle decides
	Calls     uint64        // system calls so far
	Processes []ProcessState
	Files     []FileState   // the open file descriptions, by ascending ID
	Sockets   []SocketState // by ascending ID
	Fired     Fired
}

// Fired is what the kernel has done in the present step of a World because it was time.
type Fired struct {
	About  string // a clause; empty: nothing, or a thread's wait has timed out
	Socket uint64 // ID of the socket to which it has happened, or 0
}

// ProcessState is a process.
type ProcessState struct {
	Pid         int
	Parent      int // 0: started from outside, or its parent has ended
	Args        []string
	Zombie      bool
	Stopped     bool // SIGSTOP has stopped it
	Limit       int  // RLIMIT_NOFILE
	Program     bool // it runs a program, and isn't a client
	Threads     []ThreadState
	Descriptors []DescriptorState // of all threads without OwnTable
}

// ThreadState is a thread. Call, Caller and Loop tell in which call it is: it waits there, it is about to
// return, or its process was stopped there. They are empty for a thread that is in no call. Args, Caller
// and Loop need a Config with a Trace.
type ThreadState struct {
	Tid     int
	Waits   bool
	Call    string
	Args    string
	Timeout time.Duration // when the wait times out, since the kernel started; -1: it doesn't
	Caller  Source
	Loop    Source

	OwnTable    bool              // it has got a table of descriptors from unshare(2)
	Descriptors []DescriptorState // of that table
}

// DescriptorState is an entry of a table of descriptors.
type DescriptorState struct {
	Fd          int
	File        uint64 // ID of the open file description
	CloseOnExec bool
}

// FileState is an open file description.
type FileState struct {
	ID          uint64
	Kind        string // tcp, eventfd, epoll, …
	References  int    // descriptors, messages, and calls that wait
	NonBlocking bool
	Events      uint32          // the event flags of poll(2) that hold
	Socket      uint64          // ID in Sockets, if it is a TCP socket
	Count       uint64          // counter of an eventfd
	Interest    []InterestState // of an epoll instance: the interest list
	Ready       []InterestState // of an epoll instance: the ready list
	About       any             // what Describe's function returns
}

// InterestState is an entry of an interest list.
type InterestState struct {
	Fd     int // the number under which it was added
	File   uint64
	Events uint32
}

// SocketState is a TCP socket. Some have no open file description: those in a backlog, and those
// that are closed and that the kernel still finishes.
type SocketState struct {
	ID            uint64
	State         string
	Local, Remote string // empty: none
	Peer          uint64 // ID of the other end, if it is still connected
	Received      []byte // arrived, and not read
	Unsent        []byte // accepted from the process, and not delivered to the peer's kernel
	Unacked       int    // delivered, and not acknowledged
	FinReceived   bool
	FinSent       bool
	ReceiveBuffer int
	SendBuffer    int
	Error         string   // pending SO_ERROR
	NoDelay       bool     // TCP_NODELAY
	Waits         string   // why Unsent isn't sent: "window", "nagle" or "more"; empty if it is nothing
	Backlog       []uint64 // of a listener: the sockets that wait for accept(2)
	Limit         int      // of a listener: the argument of listen(2)
	Deferred      []uint64 // of a listener: those that TCP_DEFER_ACCEPT holds back
}

// Snapshot returns the kernel's state. It changes nothing: a run is the same with and without it.
func (k *Kernel) Snapshot() *Snapshot {
	s := &Snapshot{Time: k.now, Calls: k.calls, Fired: k.fired}
	switch {
	case k.inTurn != nil:
		s.Turn = k.inTurn.ID
	case len(k.runnable) > 0 && !k.cfg.Shuffle:
		s.Turn = k.runnable[0].ID
	}
	c := collection{foundFiles: map[uint64]*description{}, foundSockets: map[uint64]*tcp{}}
	for _, p := range k.processes {
		s.Processes = append(s.Processes, p.snapshot())
		for d := range p.descriptors() {
			c.add(d.description)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.foundFiles)) {
		s.Files = append(s.Files, c.foundFiles[id].snapshot())
	}
	for _, id := range slices.Sorted(maps.Keys(c.foundSockets)) {
		s.Sockets = append(s.Sockets, c.foundSockets[id].snapshot())
	}
	return s
}

// collection is what Snapshot has found, by ID.
type collection struct {
	foundFiles   map[uint64]*description
	foundSockets map[uint64]*tcp
}

// add adds an open file description, and those in messages that can be received from it.
func (c *collection) add(d *description) {
	if d == nil || c.foundFiles[d.id] != nil {
		return
	}
	c.foundFiles[d.id] = d
	switch f := d.file.(type) {
	case *tcp:
		c.addSocket(f)
	case *unixSocket:
		for _, m := range f.messages {
			for _, right := range m.rights {
				c.add(right)
			}
		}
	}
}

// addSocket adds a socket, with those that are known only through it.
func (c *collection) addSocket(s *tcp) {
	if s == nil || c.foundSockets[s.id] != nil {
		return
	}
	c.foundSockets[s.id] = s
	c.addSocket(s.peer)
	if s.listening != nil {
		for _, waiting := range slices.Concat(s.backlog, s.deferred) {
			c.addSocket(waiting)
		}
	}
}

func (p *Process) snapshot() ProcessState {
	s := ProcessState{Pid: p.Pid, Args: slices.Clone(p.args), Zombie: p.state == zombie, Stopped: p.stopped, Program: p.outside == nil, Limit: p.limit}
	if p.parent != nil {
		s.Parent = p.parent.Pid
	}
	for _, t := range p.threads {
		state := ThreadState{Tid: t.ID, Waits: t.state == waits, Timeout: forever}
		if state.OwnTable = t.table != p.table; state.OwnTable {
			state.Descriptors = t.table.snapshot()
		}
		if state.Waits || t.current.Call != "" {
			state.Call, state.Args = t.current.Call, t.current.Args
			state.Caller, state.Loop = t.current.Caller, t.current.Loop
			if state.Waits && t.timer.index >= 0 {
				state.Timeout = t.timer.at
			}
		}
		s.Threads = append(s.Threads, state)
	}
	s.Descriptors = p.table.snapshot()
	return s
}

// AllDescriptors are the entries of all tables of the process.
func (p *ProcessState) AllDescriptors() []DescriptorState {
	all := slices.Clone(p.Descriptors)
	for _, t := range p.Threads {
		all = append(all, t.Descriptors...)
	}
	return all
}

func (tb *table) snapshot() (all []DescriptorState) {
	for fd, d := range tb.fds {
		if d.description != nil {
			all = append(all, DescriptorState{fd, d.id, d.cloexec})
		}
	}
	return all
}

func (d *description) snapshot() FileState {
	s := FileState{ID: d.id, Kind: d.file.kind(), References: d.refs, NonBlocking: d.nonblocking()}
	if f, ok := d.file.(*epoll); ok {
		s.Events = f.peek()
	} else {
		s.Events = d.file.events()
	}
	if d.about != nil {
		s.About = d.about()
	}
	switch f := d.file.(type) {
	case *tcp:
		s.Socket = f.id
	case *eventfd:
		s.Count = f.count
	case *epoll:
		for _, it := range f.items {
			s.Interest = append(s.Interest, InterestState{it.fd, it.d.id, it.event.Events})
		}
		for _, it := range f.ready {
			s.Ready = append(s.Ready, InterestState{it.fd, it.d.id, it.event.Events})
		}
	}
	return s
}

func (s *tcp) snapshot() SocketState {
	state := SocketState{
		ID: s.id, State: s.state.String(), Received: slices.Clone(s.received), Unsent: slices.Clone(s.unsent),
		Unacked: s.unacked, FinReceived: s.finCame, FinSent: s.finSent,
		ReceiveBuffer: s.receiveBuffer, SendBuffer: s.sendBuffer, NoDelay: s.noDelay, Waits: s.waitsFor(),
	}
	if s.local.Port() != 0 {
		state.Local = s.local.String()
	}
	if s.remote.Port() != 0 {
		state.Remote = s.remote.String()
	}
	if s.peer != nil {
		state.Peer = s.peer.id
	}
	if s.err != 0 {
		state.Error = s.err.Name()
	}
	if s.listening != nil {
		state.Limit = s.listening.limit
		state.Backlog, state.Deferred = ids(s.backlog), ids(s.deferred)
	}
	return state
}

// waitsFor is why bytes in the send buffer aren't sent. Only push may begin corkTimer, so it doesn't ask
// holdsBack.
func (s *tcp) waitsFor() string {
	switch {
	case len(s.unsent) == 0:
		return ""
	case s.more || s.cork:
		return "more"
	case !s.noDelay && s.smallSent && len(s.unsent) < maxSegment:
		return "nagle"
	}
	return "window"
}

func ids(all []*tcp) (ids []uint64) {
	for _, s := range all {
		ids = append(ids, s.id)
	}
	return ids
}
