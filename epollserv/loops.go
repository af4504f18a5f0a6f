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

// errUnwatched ends a connection that epoll doesn't take. With -defer-accept the
// application may know it already.
var errUnwatched = errors.New("epollserv: can't be watched")

// serve runs as many loops as -loops asks for, each on a goroutine of its own
// with its own listeners on the same ports (SO_REUSEPORT): the kernel deals out
// the clients. They share nothing but the room.
func serve(env *server.Env) error {
	board := make(stat.Board, env.Loops)
	loops := make([]*loop, env.Loops)
	desks := make([]*server.Desk, env.Loops)
	most, x := env.ConnLimit(), new(exchange)
	var lns []*conn.Listener
	for i := range loops {
		desk, err := server.NewDesk()
		if err != nil {
			return err
		}
		l := &loop{
			desk: desk, bus: x.berth(env, desk), limit: share(most, env.Loops, i),
			arrivals: server.Arrivals{Log: env.Log, Loops: env.Loops, Loop: i},
		}
		if err := l.start(env, board, i, lns...); err != nil {
			return err
		}
		if b, ok := l.bus.(*berth); ok {
			b.cfg = l.cfg
		}
		loops[i], desks[i] = l, desk
		lns = loops[0].lns
	}
	env.Attend(desks...)
	env.Ready(loops[0].lns)
	env.Operate(board, desks...)
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

// run runs a loop. The hub outlives the first, for the clients of others may wait
// for what it answers.
func (x *exchange) run(l *loop) error {
	err := l.run()
	b, ok := l.bus.(*berth)
	if !ok || err != nil {
		return err
	}
	if b.place != 0 {
		b.close()
		return nil
	}
	bell := []sys.PollFd{{Fd: int32(b.desk.FD), Events: sys.POLLIN}}
	for x.open.Load() > 0 && err == nil {
		_, err = sys.Poll(bell, sys.Forever)
		b.desk.Take()
		b.collect(time.Now())
	}
	return err
}

// share is how much of n the i-th of several has.
func share(n, several, i int) int { return (n + several - 1 - i) / several }

// room is a loop's end of the bus: hub.Local where there is one loop, else a berth.
type room interface {
	hub.Bus
	Attach(hub.Receiver)
	Tick(now time.Time)
	Deadline() time.Time
}

// exchange is the bus between several loops: the hub, which is in the first,
// and a berth for each.
type exchange struct {
	hub    *hub.Hub
	berths []*berth
	jam    atomic.Bool  // the first loop waits for a mailbox to be emptied
	open   atomic.Int32 // how many loops beside the first have not ended
}

// berth is one loop's end of an exchange: a mailbox, and the bell of the loop's
// desk. What is for the hub is left in the first loop's, what the hub sends in
// that of the place it is for.
type berth struct {
	*exchange
	place int
	to    hub.Receiver
	cfg   *session.Config // of the loop's clients
	now   time.Time
	desk  *server.Desk

	mu      sync.Mutex
	mailbox []letter
	bytes   int      // of text in the mailbox
	waiting []letter // the first loop's: taken out, and not yet given to the hub
	closed  bool     // the loop has ended: letters are thrown away
}

// letter is a message that comes from a place, or is for one.
type letter struct {
	place int
	hub.Message
}

// mailboxMax is how many letters may lie in a mailbox before the hub stands still, and
// mailboxBytes how many bytes of text. More can't come for long: a member may have no
// more than a few messages under way.
const (
	mailboxMax   = 4096
	mailboxBytes = 8 << 20
)

// berth adds a loop. The only one has the hub to itself.
func (x *exchange) berth(env *server.Env, desk *server.Desk) room {
	if env.Loops == 1 {
		return env.NewLocal()
	}
	if x.hub == nil {
		x.hub = hub.New(x.deliver, sys.Random)
		x.hub.PerPeer = env.PerPeer()
	}
	b := &berth{exchange: x, place: len(x.berths), desk: desk}
	x.berths = append(x.berths, b)
	x.open.Store(int32(b.place))
	return b
}

// Attach says who receives what comes to the berth.
func (b *berth) Attach(r hub.Receiver) { b.to = r }

// Post implements hub.Bus.
func (b *berth) Post(_ time.Time, m *hub.Message) {
	l := letter{b.place, *m}
	l.Text = append([]byte(nil), m.Text...)
	b.berths[0].leave(l)
}

// Tick must be called when Deadline has passed; before, it does nothing.
func (b *berth) Tick(now time.Time) {
	if d := b.Deadline(); !d.IsZero() && !now.Before(d) {
		b.now = now
		b.hub.Tick(now)
	}
}

// Deadline is the hub's, for the loop that has it.
func (b *berth) Deadline() (t time.Time) {
	if b.place == 0 {
		t = b.hub.Deadline()
	}
	return t
}

// deliver sends what the hub has for a place. It is called in the first loop.
func (x *exchange) deliver(place int, m *hub.Message) {
	if first := x.berths[0]; place == 0 {
		first.to.Deliver(first.now, m)
		return
	}
	x.berths[place].leave(letter{place, *m})
}

// leave puts a letter into the mailbox.
func (b *berth) leave(l letter) {
	b.mu.Lock()
	if !b.closed {
		b.mailbox = append(b.mailbox, l)
		b.bytes += len(l.Text)
	}
	first := len(b.mailbox) == 1
	b.mu.Unlock()
	if first {
		b.desk.Ring()
	}
}

// take empties the mailbox.
func (b *berth) take() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	letters := b.mailbox
	b.mailbox, b.bytes = nil, 0
	return letters
}

// close ends a berth whose loop has ended. The hub can go on without it.
func (b *berth) close() {
	b.mu.Lock()
	b.closed, b.mailbox = true, nil
	b.mu.Unlock()
	b.open.Add(-1)
	b.berths[0].desk.Ring()
}

// collect deals with what is in the mailbox: the first loop's is for the hub.
func (b *berth) collect(now time.Time) {
	b.now = now
	if b.place != 0 {
		letters := b.take()
		if b.jam.CompareAndSwap(true, false) {
			b.berths[0].desk.Ring() // the hub can go on
		}
		for _, l := range letters {
			b.to.Deliver(now, &l.Message)
		}
		return
	}
	b.waiting = append(b.waiting, b.take()...)
	n := 0
	for n < len(b.waiting) && !b.jammed() {
		if n > 0 && b.cfg.Spent() { // the clients of this loop wait for it
			b.desk.Ring()
			break
		}
		b.hub.Handle(now, b.waiting[n].place, &b.waiting[n].Message)
		n++
	}
	if b.waiting = b.waiting[n:]; len(b.waiting) == 0 {
		b.waiting = nil
	}
}

// jammed reports whether some loop is so far behind that the hub has to wait.
// The note is made before looking: whoever empties a mailbox after that rings.
func (x *exchange) jammed() bool {
	x.jam.Store(true)
	for _, b := range x.berths[1:] {
		b.mu.Lock()
		full := len(b.mailbox) >= mailboxMax || b.bytes >= mailboxBytes
		b.mu.Unlock()
		if full {
			return true
		}
	}
	x.jam.Store(false)
	return false
}
