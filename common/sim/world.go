package sim

import (
	"bytes"
	"net/netip"
	"slices"
	"time"
)

// World is a kernel on which a scenario is played: a server, and the clients of the scenario. It
// moves one step at a time, and a step depends on nothing but the scenario and the number of steps
// before it. So to go back is to play the scenario again, with fewer steps.
type World struct {
	Kernel  *Kernel
	Server  *Process
	Clients []*Client // in the order in which the scenario names them
	// Acted, if it isn't nil, is called right after each action: for each of its clients, or with a
	// nil Client after one of the machine. data is what the client was given to send, and nil for
	// other actions. It must not keep or change data.
	Acted func(c *Client, a *Action, data []byte)

	actions []Action
	byName  map[string]*Client
	recalls map[string]bool // the clients that send references
	steps   int

	lastAt   time.Duration // time of the last action
	lastStep int           // the step in which it came
}

// Play makes a kernel for the scenario, and starts prog on it, with the scenario's flags after
// its Args. config may have a Trace; seed, order, limits and buffers are the scenario's.
func (s *Scenario) Play(config Config, prog Program) *World {
	config.Seed, config.Preempt, config.Shuffle = s.Seed, s.Preempt, s.Shuffle
	prog.Args = slices.Concat(prog.Args, s.Flags)
	if s.Buffers > 0 {
		config.SendBuffer, config.ReceiveBuffer = s.Buffers, s.Buffers
	}
	if s.Files > 0 {
		config.MaxFiles = s.Files
	}
	w := &World{Kernel: New(config), actions: s.Actions, byName: map[string]*Client{}, recalls: map[string]bool{}}
	for _, a := range s.Actions {
		prog.Operated = prog.Operated || a.Verb == Types
		if hasReference(a.Data) {
			for _, name := range a.Clients {
				w.recalls[name] = true
			}
		}
	}
	for _, f := range s.Faults {
		w.Kernel.Inject(f)
	}
	for len(w.actions) > 0 && w.actions[0].At == 0 && w.actions[0].Verb == WritesFile {
		w.actOnMachine(&w.actions[0])
		w.actions = w.actions[1:]
	}
	w.Server = w.Kernel.Start(prog)
	return w
}

// Steps is how many steps were made.
func (w *World) Steps() int { return w.steps }

// Step makes one step: an action of the scenario that is due; or else a thread runs until it waits
// or hands over; or else time passes until something happens. It reports false when nothing can
// happen any more.
//
// While threads run no time passes, so an action that is due comes as soon as all threads wait. Two
// actions at the same time come one right after the other.
func (w *World) Step() bool {
	w.steps++
	k := w.Kernel
	k.fired = Fired{}
	switch {
	case len(w.actions) > 0 && w.actions[0].At <= k.now && (w.steps > 1 && w.continues() || k.idle()):
		a := w.actions[0]
		w.actions = w.actions[1:]
		w.act(&a)
	case k.Step():
	default:
		if !w.passTime() {
			w.steps--
			return false
		}
	}
	if k.inTurn == nil { // the clients act between two turns, also if a turn takes several steps
		w.pump()
	}
	return true
}

// continues reports whether the next action has the time of the last one, so no thread runs
// between them.
func (w *World) continues() bool { return w.lastAt == w.actions[0].At && w.lastStep == w.steps-1 }

// passTime lets time pass until the next action or timer.
func (w *World) passTime() bool {
	k := w.Kernel
	at, ok := k.NextTimer()
	if len(w.actions) > 0 && (!ok || w.actions[0].At <= at) {
		k.now = max(k.now, w.actions[0].At)
		return true
	}
	if ok {
		k.fireNext()
	}
	return ok
}

// Run makes steps until nothing happens before the time end, counted from the start, or the server
// and its descendants have ended. It reports false if most steps were not enough.
func (w *World) Run(end time.Duration, most int) bool {
	for range most {
		k := w.Kernel
		if _, over := w.Server.Ended(); over && len(w.actions) == 0 && k.idle() && k.Programs() == 0 {
			return true
		}
		if k.idle() && (len(w.actions) == 0 || w.actions[0].At > end) {
			if at, ok := k.NextTimer(); !ok || at > end {
				return true
			}
		}
		w.Step()
	}
	return false
}

// client returns the client with a name, which it makes when the name comes first.
func (w *World) client(name string) *Client {
	c := w.byName[name]
	if c == nil {
		c = w.Kernel.NewClient(name)
		if w.recalls[name] {
			c.recall()
		}
		w.byName[name] = c
		w.Clients = append(w.Clients, c)
	}
	return c
}

func (w *World) act(a *Action) {
	w.lastAt, w.lastStep = a.At, w.steps
	w.actOnMachine(a)
	if len(a.Clients) == 0 && w.Acted != nil {
		w.Acted(nil, a, nil)
	}
	for _, name := range a.Clients {
		c := w.client(name)
		data := c.act(a, w.Server)
		if w.Acted != nil {
			w.Acted(c, a, data)
		}
	}
}

// actOnMachine makes an action that isn't one of clients.
func (w *World) actOnMachine(a *Action) {
	switch a.Verb {
	case Stalls:
		w.Kernel.Stall(a.Time)
	case Jumps:
		w.Kernel.JumpClock(a.Time)
	case SendsSignal:
		w.signal(a)
	case Limits:
		for _, p := range w.Server.family() {
			p.Limit(a.Files)
		}
	case FillsLog:
		w.Server.Err.Fill()
	case ReadsLog:
		w.Server.Err.Drain()
	case Types:
		w.Server.Type(a.Data)
	case WritesFile:
		w.Kernel.put(a.Path, a.Content())
	case ReplacesDirectory:
		w.Kernel.replaceDirectory(a.Path)
	case Injects:
		w.Kernel.Inject(*a.Fault)
	case SignalsServing:
		if c := w.byName[a.Of]; c != nil {
			if p := c.ServedBy(); p != nil {
				p.Signal(a.Signal)
			}
		}
	}
}

// Content is what a file gets, and nil if the action writes none.
func (a *Action) Content() []byte {
	switch {
	case a.Verb != WritesFile:
		return nil
	case a.Bytes == 0:
		return a.Data
	}
	return bytes.Repeat(a.Data, a.Bytes/len(a.Data)+1)[:a.Bytes]
}

// signal sends a signal to the server, or to its descendants too.
func (w *World) signal(a *Action) {
	if !a.All {
		w.Server.Signal(a.Signal)
		return
	}
	for _, p := range w.Server.family() {
		p.Signal(a.Signal)
	}
}

// nowhere is where a client connects if the server doesn't listen.
var nowhere = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 1)

// act makes an action, and returns what the client was given to send.
func (c *Client) act(a *Action, server *Process) (data []byte) {
	switch a.Verb {
	case Connects:
		if c.fd >= 0 {
			c.Close()
		}
		to, ok := server.Listening()
		if !ok {
			to = nowhere
		}
		if err := c.Connect(to, a.From); err != nil {
			c.End = err.(Errno).Name()
		}
	case Sends:
		if data = a.Data; hasReference(data) {
			c.recall()
			data = resolve(data, c.received)
		}
		c.Send(data)
	case ShutsDown:
		c.CloseWrite()
	case Closes:
		c.Close()
	case Resets:
		c.Reset()
	case StopsReading:
		c.StopReading()
	case Reads:
		if a.Bytes > 0 {
			c.Sip(a.Bytes)
		} else {
			c.ReadAgain()
		}
	}
	return data
}

func (w *World) pump() {
	for _, c := range w.Clients {
		c.Pump()
	}
}

// Do makes one action of the scenario's language now, as ParseAction parses it.
func (w *World) Do(line string) error {
	a, err := ParseAction(line)
	if err != nil {
		return err
	}
	w.act(&a)
	w.pump()
	return nil
}

// NextAction is when the next action comes. ok is false if none is left.
func (w *World) NextAction() (at time.Duration, ok bool) {
	if len(w.actions) == 0 {
		return 0, false
	}
	return w.actions[0].At, true
}

// InTurn reports whether a thread's turn goes on at the next Step, with Config.Single.
func (w *World) InTurn() bool { return w.Kernel.inTurn != nil }

// Insert adds an action to those that are still to come, after others at the same time. If its time has
// passed, it comes next.
func (w *World) Insert(a Action) {
	i := slices.IndexFunc(w.actions, func(other Action) bool { return other.At > a.At })
	if i < 0 {
		i = len(w.actions)
	}
	w.actions = slices.Insert(slices.Clip(w.actions), i, a) // the slice is the scenario's
	if hasReference(a.Data) {
		for _, name := range a.Clients {
			w.client(name).recall()
		}
	}
}

// Close ends everything.
func (w *World) Close() { w.Kernel.Close() }
