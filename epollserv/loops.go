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

// errUnwatched ends a connection that epoll can't watch, for instance because the user has reached
// fs.epoll.max_user_watches. The application is told, because with -defer-accept it may already
// have a request of the connection.
var errUnwatched = errors.New("epollserv: epoll can't watch the connection")

// serve runs as many loops as -loops asks for, each in its own thread and with its own listeners on
// the same ports. With SO_REUSEPORT the kernel decides which listener gets a client. The loops share
// no client and no listener, only the room. serve returns when all loops have shut down, or when one
// of them has failed.
//
// Several loops also have a descriptor table each, because RLIMIT_NOFILE limits a table (see
// server.Env.OwnTables). The order matters: a loop's table is a copy, so it has the wakers of all
// loops only if they were made before, and no listener may exist outside of its loop's table (see
// sys.GoUnshared).
func serve(env *server.Env) error {
	start := func(f func(err error)) { sys.Go(func() { f(nil) }) }
	if env.OwnTables() {
		start = func(f func(err error)) { sys.GoUnshared(f) }
	}
	board := make(stat.Board, env.Loops)
	loops := make([]*loop, env.Loops)
	queues := make([]*server.CommandQueue, env.Loops)
	most, x := env.ConnLimit(), new(loopBus)
	for i := range loops {
		commands, err := server.NewCommandQueue()
		if err != nil {
			return err
		}
		queues[i] = commands
		loops[i] = &loop{
			commands: commands, bus: x.newPort(env, commands), limit: share(most, env.Loops, i),
			accepted: server.AcceptCounter{Log: env.Log, Loops: env.Loops, Loop: i},
		}
	}
	var first []*conn.Listener
	ended := sys.NewQueue[error](len(loops))
	for i, l := range loops {
		portsOf, started := first, sys.NewQueue[error](1)
		start(func(err error) {
			if err == nil {
				err = l.start(env, board, i, portsOf...)
			}
			if i == 0 {
				first = l.listeners
			}
			started.Put(err)
			if err == nil {
				ended.Put(x.run(l))
			}
		})
		if err, _ := started.Get(sys.Forever); err != nil {
			return err
		}
	}
	env.ShutdownOnSignal(queues...)
	env.Ready(first)
	env.StartConsole(board, queues...)
	for range loops {
		if err, _ := ended.Get(sys.Forever); err != nil {
			return err
		}
	}
	return nil
}

// run runs a loop until it has shut down. The first loop's goroutine then goes on running the hub
// until all other loops have ended, because their clients may still wait for its answers.
func (x *loopBus) run(l *loop) error {
	b, ok := l.bus.(*loopPort)
	if !ok {
		return l.run()
	}
	b.cfg = l.cfg
	if err := l.run(); err != nil {
		return err
	}
	if b.place != 0 {
		b.close()
		return nil
	}
	waker := []sys.PollFd{{Fd: int32(b.commands.FD), Events: sys.POLLIN}}
	for x.open.Load() > 0 {
		_, err := sys.Poll(waker, sys.Forever)
		now := sys.Now()
		l.env.WaitFailed(now, err)
		b.commands.TakeAll()
		b.emptyMailbox(now)
	}
	return nil
}

// share is the part of n that the i-th of several loops gets; the parts add up to n.
func share(n, several, i int) int { return (n + several - 1 - i) / several }

// hubPort is a loop's end of the bus: a hub.Local if there is only one loop, else a loopPort.
type hubPort interface {
	hub.Bus
	Attach(hub.Receiver)
	Tick(now time.Time)
	Deadline() time.Time
}

// loopBus connects several loops with the hub, which runs in the first loop. Each loop has a port.
type loopBus struct {
	hub      *hub.Hub
	ports    []*loopPort
	hubWaits atomic.Bool  // the hub waits until a loop has emptied its mailbox
	open     atomic.Int32 // how many loops besides the first are still running
}

// loopPort is one loop's end of a loopBus: a mailbox, which other loops put messages into. A
// message to the hub goes into the first loop's mailbox. A message from the hub goes into the
// mailbox of the loop that has its receivers. The loop's waker tells it that its mailbox isn't
// empty.
type loopPort struct {
	*loopBus
	place    int
	receiver hub.Receiver
	cfg      *session.Config // of the loop's clients
	now      time.Time
	commands *server.CommandQueue

	mu          sync.Mutex
	mailbox     []envelope
	bytes       int        // bytes of text in the mailbox
	undelivered []envelope // first loop only: from the mailbox, and not yet given to the hub
	closed      bool       // the loop has ended: further envelopes are dropped
}

// envelope is a message to the hub with the place that it comes from, or a message from the hub
// with the place that it goes to.
type envelope struct {
	place int
	hub.Message
}

// While a mailbox holds mailboxMax envelopes or mailboxBytes bytes of text, the hub waits. A
// mailbox can't grow much beyond that, because each member may have only a few messages under way.
const (
	mailboxMax   = 4096
	mailboxBytes = 8 << 20
)

// newPort returns the port of a new loop. If it is the only loop, it gets a hub without mailboxes.
func (x *loopBus) newPort(env *server.Env, commands *server.CommandQueue) hubPort {
	if env.Loops == 1 {
		return env.NewLocal()
	}
	if x.hub == nil {
		x.hub = hub.New(x.deliver)
		x.hub.PerPeer = env.PerPeer()
	}
	b := &loopPort{loopBus: x, place: len(x.ports), commands: commands}
	x.ports = append(x.ports, b)
	x.open.Store(int32(b.place))
	return b
}

// Attach sets the receiver of the hub's messages to this loop.
func (b *loopPort) Attach(r hub.Receiver) { b.receiver = r }

// Post implements hub.Bus. It copies the text, which the caller may change after Post.
func (b *loopPort) Post(_ time.Time, m *hub.Message) {
	l := envelope{b.place, *m}
	l.Text = append([]byte(nil), m.Text...)
	b.ports[0].put(l)
}

// Tick ticks the hub if Deadline has passed, and otherwise does nothing.
func (b *loopPort) Tick(now time.Time) {
	if d := b.Deadline(); !d.IsZero() && !now.Before(d) {
		b.now = now
		b.hub.Tick(now)
	}
}

// Deadline is when Tick is due: the hub's deadline in the first loop, and never in the others.
func (b *loopPort) Deadline() (t time.Time) {
	if b.place == 0 {
		t = b.hub.Deadline()
	}
	return t
}

// deliver brings a message of the hub to a place. The hub calls it, on the first loop's goroutine.
func (x *loopBus) deliver(place int, m *hub.Message) {
	if first := x.ports[0]; place == 0 {
		first.receiver.Deliver(first.now, m)
		return
	}
	x.ports[place].put(envelope{place, *m})
}

// put adds an envelope to the mailbox. Only the first envelope has to wake the loop, which then
// takes all that are there. It may be called from any goroutine.
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

// takeAll empties the mailbox and returns what was in it.
func (b *loopPort) takeAll() []envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	envelopes := b.mailbox
	b.mailbox, b.bytes = nil, 0
	return envelopes
}

// close closes the port of a loop that has ended. It wakes the first loop's goroutine, which may be
// waiting for the other loops to end.
func (b *loopPort) close() {
	b.mu.Lock()
	b.closed, b.mailbox = true, nil
	b.mu.Unlock()
	b.open.Add(-1)
	b.ports[0].commands.Wake()
}

// emptyMailbox delivers what is in the mailbox: in the first loop to the hub, in the others to the
// loop's receiver.
func (b *loopPort) emptyMailbox(now time.Time) {
	b.now = now
	if b.place != 0 {
		envelopes := b.takeAll()
		if b.hubWaits.CompareAndSwap(true, false) {
			b.ports[0].commands.Wake() // this mailbox has room, so the hub can go on
		}
		for _, l := range envelopes {
			b.receiver.Deliver(now, &l.Message)
		}
		return
	}
	b.undelivered = append(b.undelivered, b.takeAll()...)
	n := 0
	for n < len(b.undelivered) && !b.mailboxFull() {
		if n > 0 && b.cfg.Spent() { // this loop's own clients would have to wait for the hub
			b.commands.Wake() // so the hub goes on in the next iteration
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
// hubWaits before it looks. So if a loop empties its mailbox after mailboxFull has looked at it,
// that loop sees hubWaits and wakes the first loop.
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
