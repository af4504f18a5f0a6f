package main

import (
	"time"

	"threeloops/common/conn"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// loop is the epoll loop, a reactor. A round waits, takes in what has come, ticks what
// is due, and settles: only there is anything closed or, but for long replies,
// written, so that all replies of a round to one connection leave in one write, and no
// descriptor's number is given away while events of the round still name it.
type loop struct {
	env  *server.Env
	io   *conn.IO
	stat *stat.Slot
	cfg  *session.Config
	desk *server.Desk // where orders come from other goroutines
	bus  room         // to all other connections
	lns  []*conn.Listener

	ep     int
	ready  []sys.EpollEvent
	conns  []*conn.Conn // by descriptor; nil where there is none
	timers timers

	todo        []*conn.Conn     // to settle in this round
	late, again []*conn.Conn     // to settle in the next: without a share of this round's work; with one
	wake        func(*conn.Conn) // touch, made a value once and not for each connection
	relief      conn.Relief      // when memory is short
	looks       int              // at all descriptors since a deadline has passed, see due
	arrivals    server.Arrivals
	open, limit int       // connections
	paused      bool      // the listeners are not watched: clients wait in the backlog
	resume      time.Time // when they are again, at the latest; zero: when a connection closes
	end         time.Time // of the grace time; zero: not shutting down
}

// maxReady is how many events one epoll_wait may bring.
const maxReady = 1024

// acceptPause is how long to leave the listeners alone when accepting has
// failed, or when memory is short.
const acceptPause = 100 * time.Millisecond

// start makes the loop that counts in slot i of board, and begins to listen, on the
// ports of another loop's listeners if there are any.
func (l *loop) start(env *server.Env, board stat.Board, i int, beside ...*conn.Listener) (err error) {
	l.env, l.stat, l.wake = env, &board[i], l.touch
	l.io = env.NewIO(l.stat)
	cfg, receiver := env.Sessions(l.io, board, i, l.bus)
	l.cfg = cfg
	l.bus.Attach(receiver)
	if l.lns, err = env.Listen(l.io, beside...); err != nil {
		return err
	}
	l.ready = make([]sys.EpollEvent, maxReady)
	if l.ep, err = sys.EpollCreate(); err != nil {
		return err
	}
	if err = l.watch(sys.EPOLL_CTL_ADD, l.desk.FD, sys.POLLIN); err != nil {
		return err
	}
	for _, ln := range l.lns {
		if err = l.watch(sys.EPOLL_CTL_ADD, ln.FD, sys.POLLIN); err != nil {
			return err
		}
	}
	return nil
}

// run is the loop.
func (l *loop) run() error {
	for now := time.Now(); !l.done(now); {
		n, err := sys.EpollWait(l.ep, l.ready, l.timeout(now))
		now = time.Now()
		l.env.WaitFailed(now, err)
		l.takeIn(now, n)
		if l.due(now, n) {
			l.tick(now)
		}
		l.settle(now)
	}
	return nil
}

// takeIn takes what has come to the n descriptors that are ready.
func (l *loop) takeIn(now time.Time, n int) {
	l.count(n)
	for _, e := range l.ready[:n] {
		switch fd := int(e.Fd); {
		case fd == l.desk.FD:
			l.hear(now)
		case l.at(fd) != nil:
			l.take(now, l.conns[fd], e.Events&^sys.POLLOUT != 0)
		default:
			l.accept(now, fd)
		}
	}
}

// timeout is how long the next wait may last.
func (l *loop) timeout(now time.Time) time.Duration {
	if len(l.todo) > 0 || l.looks > 0 {
		return 0 // some had more to do than one round allows, or see due
	}
	return conn.Until(conn.Sooner(conn.Sooner(l.timers.next(), l.bus.Deadline()), conn.Sooner(l.resume, l.end)), now)
}

func (l *loop) count(ready int) {
	l.stat.Add(stat.SysWait, 1)
	l.stat.Add(stat.Rounds, 1)
	l.stat.Add(stat.Ready, ready)
}

// due reports whether deadlines are to be judged, after a wait that brought n events.
// None is judged before all descriptors were looked at once more: bytes may have come
// in time while the server was stopped, or behind a wait that a signal ended, or that
// had no room for more events.
func (l *loop) due(now time.Time, n int) bool {
	next := conn.Sooner(l.timers.next(), l.bus.Deadline())
	switch passed := !next.IsZero() && !now.Before(next); {
	case !passed:
		l.looks = 0
	case l.looks > 0 && (n < maxReady || l.looks*maxReady > l.open):
		l.looks = 0
		return true
	default:
		l.looks++
	}
	return false
}

// tick tells all whose deadline has passed.
func (l *loop) tick(now time.Time) {
	for c := l.timers.expired(now); c != nil; c = l.timers.expired(now) {
		c.Tick(now)
		l.touch(c)
	}
	l.bus.Tick(now)
}

// take reads from c once, if that is what c is ready for. Whatever is marked
// beside POLLOUT makes it readable: an error too is found by reading.
func (l *loop) take(now time.Time, c *conn.Conn, readable bool) {
	if readable {
		c.ReadOnce(now)
	}
	l.touch(c)
}

// touch puts c on the list for settle. It is also how the application, which
// may have something for any connection, wakes it.
func (l *loop) touch(c *conn.Conn) {
	if !c.Touched && c.FD >= 0 {
		c.Touched = true
		l.todo = append(l.todo, c)
	}
}

// accept takes what a listener has, until the limit is reached.
func (l *loop) accept(now time.Time, fd int) {
	ln := l.listener(fd)
	if ln == nil || l.paused {
		return // closed, or left alone, since this very round began
	}
	for {
		if l.open >= l.limit {
			l.watchListeners(false)
			return
		}
		if l.cfg.Tight() {
			l.pause(now)
			return
		}
		fd, verdict, err := ln.Next()
		switch verdict {
		case conn.Empty:
			return
		case conn.Accepted:
			l.take(now, l.add(now, fd), l.env.DeferAccept > 0) // then its first bytes are there
		case conn.Shed:
			l.arrivals.Shed(now, err)
		case conn.Failed:
			l.env.Log.Error("can't accept", "error", err)
			l.pause(now)
			return
		}
	}
}

// add takes in a connection. Epoll doesn't watch it before it is settled.
func (l *loop) add(now time.Time, fd int) *conn.Conn {
	c := conn.NewConn(fd, l.arrivals.Next(now), l.io, l.cfg, now, l.wake)
	l.put(fd, c)
	l.open++
	return c
}

// settle sends, closes, and asks for what each connection on the list wants.
func (l *loop) settle(now time.Time) {
	l.relief.Relieve(now, l.cfg, l.conns, l.wake)
	for i := 0; i < len(l.todo); i++ { // flushing one may touch another
		c, spent := l.todo[i], l.cfg.Spent()
		c.Touched = c.Flush(now) // until here it can't be listed a second time
		switch want := c.Want(); {
		case want == 0:
			l.remove(c)
			continue
		case c.Touched && spent:
			l.late = append(l.late, c)
		case c.Touched:
			l.again = append(l.again, c)
		case want != c.Armed && !l.arm(c, want):
			c.End(now, errUnwatched)
			l.remove(c)
			continue
		}
		l.timers.set(c)
	}
	l.todo, l.late, l.again = conn.NextTodo(l.todo, l.late, l.again)
	if l.paused && !l.resume.IsZero() && !now.Before(l.resume) {
		l.watchListeners(true)
	}
}

func (l *loop) remove(c *conn.Conn) {
	l.timers.remove(c)
	l.put(c.FD, nil)
	c.Close()
	l.open--
	if l.paused && l.open < l.limit {
		l.watchListeners(true)
	}
}

// arm changes what epoll watches of c; of a new one, nothing yet. In the steady state
// of an echo it never has to: the socket takes each reply at once, and Want stays Read.
func (l *loop) arm(c *conn.Conn, want session.Want) bool {
	op := sys.EPOLL_CTL_MOD
	if c.Armed == 0 {
		op = sys.EPOLL_CTL_ADD
	}
	err := l.watch(op, c.FD, conn.Marks(want))
	if err != nil {
		l.env.Log.Error("can't watch a connection", "id", c.ID(), "error", err)
	}
	c.Armed = want
	return err == nil
}

// pause leaves the listeners alone for a moment.
func (l *loop) pause(now time.Time) {
	l.watchListeners(false)
	l.resume = now.Add(acceptPause)
}

// watchListeners has epoll watch the listeners, or nothing of them. They stay in its
// set: to add them again could fail, for want of memory.
func (l *loop) watchListeners(on bool) {
	var marks int16
	if on {
		marks = sys.POLLIN
	}
	l.paused, l.resume = !on, time.Time{}
	for _, ln := range l.lns {
		if err := l.watch(sys.EPOLL_CTL_MOD, ln.FD, marks); err != nil {
			l.env.Log.Error("can't watch a listener", "address", ln.Addr, "error", err)
			l.paused, l.resume = true, time.Now().Add(acceptPause) // and then try again
		}
	}
}

func (l *loop) watch(op, fd int, marks int16) error {
	l.stat.Add(stat.SysCtl, 1)
	return sys.EpollCtl(l.ep, op, fd, uint32(marks))
}

// hear does what was ordered, and takes in what other loops have sent.
func (l *loop) hear(now time.Time) {
	for _, o := range l.desk.Take() {
		switch o.Verb {
		case server.Leave:
			l.leave(now)
		default:
			o.Obey(now, l.conns, l.wake)
			o.Announce(now, l.bus)
		}
	}
	if b, ok := l.bus.(*berth); ok {
		b.collect(now)
	}
}

// leave begins the shutdown: it takes in every client that the kernel has
// connected already, up to the limit, stops listening, and asks all sessions to
// finish.
func (l *loop) leave(now time.Time) {
	if !l.end.IsZero() {
		return
	}
	l.end = now.Add(l.env.Grace)
	for _, ln := range l.lns {
		for l.open < l.limit {
			fd, verdict, _ := ln.Accept()
			if verdict != conn.Accepted {
				break
			}
			l.add(now, fd)
		}
	}
	l.watchListeners(false)
	conn.CloseAll(l.lns)
	l.lns = nil
	for _, c := range l.conns {
		if c != nil {
			c.Shutdown(now)
			l.touch(c)
		}
	}
	l.env.Log.Info("shutting down", "connections", l.open)
}

// done reports whether the shutdown is complete, or its time is up.
func (l *loop) done(now time.Time) bool {
	if l.end.IsZero() || l.open > 0 && now.Before(l.end) {
		return false
	}
	if l.open > 0 {
		l.env.Log.Warn("the grace time is over: connections were cut off", "connections", l.open)
	}
	return true
}

// at returns the connection that has a descriptor, or nil.
func (l *loop) at(fd int) *conn.Conn {
	if fd < len(l.conns) {
		return l.conns[fd]
	}
	return nil
}

// put notes c under a descriptor. The table grows by doubling.
func (l *loop) put(fd int, c *conn.Conn) {
	for fd >= len(l.conns) {
		l.conns = append(l.conns, make([]*conn.Conn, max(1024, len(l.conns)))...)
	}
	l.conns[fd] = c
}

func (l *loop) listener(fd int) *conn.Listener {
	for _, ln := range l.lns {
		if ln.FD == fd {
			return ln
		}
	}
	return nil
}
