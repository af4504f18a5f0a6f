package main

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// errUnwatched ends a connection that epoll can't watch. With -defer-accept the
// application may know it already.
var errUnwatched = errors.New("epollserv: can't be watched")

// serve runs as many loops as -loops asks for, each on a goroutine of its own
// with its own listeners on the same ports (SO_REUSEPORT): the kernel deals out
// the clients. They share nothing but the room.
func serve(env *server.Env) error {
	board := make(stat.Board, env.Loops)
	loops := make([]*loop, env.Loops)
	queues := make([]*server.CommandQueue, env.Loops)
	most, x := env.ConnLimit(), new(loopBus)
	var first []*conn.Listener
	for i := range loops {
		commands, err := server.NewCommandQueue()
		if err != nil {
			return err
		}
		l := &loop{
			commands: commands, bus: x.newPort(env, commands), limit: share(most, env.Loops, i),
			accepted: server.AcceptCounter{Log: env.Log, Loops: env.Loops, Loop: i},
		}
		if err := l.start(env, board, i, first...); err != nil {
			return err
		}
		if b, ok := l.bus.(*loopPort); ok {
			b.cfg = l.cfg
		}
		loops[i], queues[i] = l, commands
		first = loops[0].listeners
	}
	env.ShutdownOnSignal(queues...)
	env.Ready(loops[0].listeners)
	env.StartConsole(board, queues...)
	ended := make(chan error, len(loops))
	for _, l := range loops {
		go func() { ended <- x.run(l) }()
	}
	for range loops {
		if err := <-ended; err != nil {
			return err
		}
	}
	return nil
}

// run runs a loop. The hub outlives the first loop, because clients of other loops may
// wait for its answers.
func (x *loopBus) run(l *loop) error {
	err := l.run()
	b, ok := l.bus.(*loopPort)
	if !ok || err != nil {
		return err
	}
	if b.place != 0 {
		b.close()
		return nil
	}
	waker := []sys.PollFd{{Fd: int32(b.commands.FD), Events: sys.POLLIN}}
	for x.open.Load() > 0 && err == nil {
		_, err = sys.Poll(waker, sys.Forever)
		b.commands.TakeAll()
		b.emptyMailbox(time.Now())
	}
	return err
}

// share is how much of n the i-th of several has.
func share(n, several, i int) int { return (n + several - 1 - i) / several }

// hubPort is a loop's end of the bus: hub.Local where there is one loop, else a loopPort.
type hubPort interface {
	hub.Bus
	Attach(hub.Receiver)
	Tick(now time.Time)
	Deadline() time.Time
}

// loopBus connects several loops: the hub, which runs in the first loop, and a port for each.
type loopBus struct {
	hub      *hub.Hub
	ports    []*loopPort
	hubWaits atomic.Bool  // until a loop has emptied its mailbox
	open     atomic.Int32 // loops that have not ended, without the first
}

// loopPort is one loop's end of a loopBus: a mailbox. Messages to the hub go into the first
// loop's mailbox, messages from the hub into that of the place they are for. The command
// queue's waker tells the loop that its mailbox isn't empty.
type loopPort struct {
	*loopBus
	place    int
	receiver hub.Receiver
	cfg      *session.Config // of the loop's clients
	now      time.Time
	commands *server.CommandQueue

	mu          sync.Mutex
	mailbox     []envelope
	bytes       int        // of text in the mailbox
	undelivered []envelope // the first loop's: out of the mailbox, and not yet given to the hub
	closed      bool       // the loop has ended: envelopes are thrown away
}

// envelope is a message with the place that it comes from, or is for.
type envelope struct {
	place int
	hub.Message
}

// mailboxMax is how many envelopes a mailbox may hold before the hub waits, and mailboxBytes
// how many bytes of text. A mailbox can't grow much beyond that, because a member may have
// only a few messages under way.
const (
	mailboxMax   = 4096
	mailboxBytes = 8 << 20
)

// newPort adds a loop. If there is only one, it gets a hub of its own.
func (x *loopBus) newPort(env *server.Env, commands *server.CommandQueue) hubPort {
	if env.Loops == 1 {
		return env.NewLocal()
	}
	if x.hub == nil {
		x.hub = hub.New(x.deliver, sys.Random)
		x.hub.PerPeer = env.PerPeer()
	}
	b := &loopPort{loopBus: x, place: len(x.ports), commands: commands}
	x.ports = append(x.ports, b)
	x.open.Store(int32(b.place))
	return b
}

// Attach sets the receiver of what comes to the port.
func (b *loopPort) Attach(r hub.Receiver) { b.receiver = r }

// Post implements hub.Bus.
func (b *loopPort) Post(_ time.Time, m *hub.Message) {
	l := envelope{b.place, *m}
	l.Text = append([]byte(nil), m.Text...)
	b.ports[0].put(l)
}

// Tick must be called when Deadline has passed; before, it does nothing.
func (b *loopPort) Tick(now time.Time) {
	if d := b.Deadline(); !d.IsZero() && !now.Before(d) {
		b.now = now
		b.hub.Tick(now)
	}
}

// Deadline is the hub's, for the loop that has it.
func (b *loopPort) Deadline() (t time.Time) {
	if b.place == 0 {
		t = b.hub.Deadline()
	}
	return t
}

// deliver sends what the hub has for a place. It is called in the first loop.
func (x *loopBus) deliver(place int, m *hub.Message) {
	if first := x.ports[0]; place == 0 {
		first.receiver.Deliver(first.now, m)
		return
	}
	x.ports[place].put(envelope{place, *m})
}

// put adds an envelope to the mailbox, and wakes the loop if the mailbox was empty.
func (b *loopPort) put(e envelope) {
	b.mu.Lock()
	if !b.closed {
		b.mailbox = append(b.mailbox, e)
		b.bytes += len(e.Text)
	}
	first := len(b.mailbox) == 1
	b.mu.Unlock()
	if first {
		b.commands.Wake()
	}
}

// takeAll empties the mailbox.
func (b *loopPort) takeAll() []envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	envelopes := b.mailbox
	b.mailbox, b.bytes = nil, 0
	return envelopes
}

// close closes the port of a loop that has ended. The hub goes on without it.
func (b *loopPort) close() {
	b.mu.Lock()
	b.closed, b.mailbox = true, nil
	b.mu.Unlock()
	b.open.Add(-1)
	b.ports[0].commands.Wake()
}

// emptyMailbox delivers what is in the mailbox: in the first loop to the hub, in others to the
// loop's receiver.
func (b *loopPort) emptyMailbox(now time.Time) {
	b.now = now
	if b.place != 0 {
		envelopes := b.takeAll()
		if b.hubWaits.CompareAndSwap(true, false) {
			b.ports[0].commands.Wake() // the hub can go on
		}
		for _, l := range envelopes {
			b.receiver.Deliver(now, &l.Message)
		}
		return
	}
	b.undelivered = append(b.undelivered, b.takeAll()...)
	n := 0
	for n < len(b.undelivered) && !b.mailboxFull() {
		if n > 0 && b.cfg.Spent() { // the clients of this loop must not wait longer
			b.commands.Wake()
			break
		}
		b.hub.Handle(now, b.undelivered[n].place, &b.undelivered[n].Message)
		n++
	}
	if b.undelivered = b.undelivered[n:]; len(b.undelivered) == 0 {
		b.undelivered = nil
	}
}

// mailboxFull reports whether the hub has to wait because some loop's mailbox is full. It sets
// hubWaits before it looks: a loop that empties its mailbox after that wakes the first loop.
func (x *loopBus) mailboxFull() bool {
	x.hubWaits.Store(true)
	for _, b := range x.ports[1:] {
		b.mu.Lock()
		full := len(b.mailbox) >= mailboxMax || b.bytes >= mailboxBytes
		b.mu.Unlock()
		if full {
			return true
		}
	}
	x.hubWaits.Store(false)
	return false
}
