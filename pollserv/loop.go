package main

import (
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// loop is the poll loop. A round waits, takes in what has come, ticks what
// is due, and settles: only there is anything closed or, but for long replies,
// written, so that all replies of a round to one connection leave in one write, and no
// descriptor's number is given away while events of the round still name it.
type loop struct {
	env  *server.Env
	io   *conn.IO
	stat *stat.Slot
	cfg  *session.Config
	desk *server.Desk // where orders come from other goroutines
	bus  *hub.Local   // to all other connections
	lns  []*conn.Listener

	fds     []sys.PollFd // the desk's bell, the listeners, and from first on one for each of conns
	first   int
	conns   []*conn.Conn
	nearest time.Time // not later than any connection's deadline; zero: there is none

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

// acceptPause is how long to leave the listeners alone when accepting has
// failed, or when memory is short.
const acceptPause = 100 * time.Millisecond

func serve(env *server.Env) error {
	desk, err := server.NewDesk()
	if err != nil {
		return err
	}
	l := &loop{
		desk: desk, bus: env.NewLocal(), limit: env.ConnLimit(),
		arrivals: server.Arrivals{Log: env.Log},
	}
	board := make(stat.Board, 1)
	if err := l.start(env, board, 0); err != nil {
		return err
	}
	env.Attend(l.desk)
	env.Ready(l.lns)
	env.Operate(board, l.desk)
	return l.run()
}

// start makes the loop that counts in slot i of board, and begins to listen.
func (l *loop) start(env *server.Env, board stat.Board, i int) (err error) {
	l.env, l.stat, l.wake = env, &board[i], l.touch
	l.io = env.NewIO(l.stat)
	cfg, receiver := env.Sessions(l.io, board, i, l.bus)
	l.cfg = cfg
	l.bus.Attach(receiver)
	if l.lns, err = env.Listen(l.io); err != nil {
		return err
	}
	l.watch(l.desk.FD, sys.POLLIN)
	for _, ln := range l.lns {
		l.watch(ln.FD, sys.POLLIN)
	}
	l.first = len(l.fds)
	return nil
}

// run is the loop.
func (l *loop) run() error {
	for now := time.Now(); !l.done(now); {
		n, err := sys.Poll(l.fds, l.timeout(now))
		now = time.Now()
		l.env.WaitFailed(now, err)
		l.takeIn(now, n)
		if l.due(now) {
			l.tick(now)
		}
		l.settle(now)
	}
	return nil
}

// takeIn takes what has come to the n descriptors that are ready.
func (l *loop) takeIn(now time.Time, n int) {
	l.count(n)
	if l.fds[0].Revents != 0 {
		l.hear(now)
	}
	for i, ln := range l.lns {
		if l.fds[1+i].Revents != 0 {
			l.accept(now, ln)
		}
	}
	for i, c := range l.conns {
		if marks := l.fds[l.first+i].Revents; marks != 0 {
			l.take(now, c, marks&^sys.POLLOUT != 0)
		}
	}
}

// timeout is how long the next wait may last.
func (l *loop) timeout(now time.Time) time.Duration {
	if len(l.todo) > 0 || l.looks > 0 {
		return 0 // some had more to do than one round allows, or see due
	}
	return conn.Until(conn.Sooner(conn.Sooner(l.nearest, l.bus.Deadline()), conn.Sooner(l.resume, l.end)), now)
}

func (l *loop) count(ready int) {
	l.stat.Add(stat.SysWait, 1)
	l.stat.Add(stat.Rounds, 1)
	l.stat.Add(stat.Ready, ready)
}

// due reports whether deadlines are to be judged. None is judged before all
// descriptors were looked at once more: bytes may have come in time while the server
// was stopped, or behind a wait that a signal ended.
func (l *loop) due(now time.Time) bool {
	next := conn.Sooner(l.nearest, l.bus.Deadline())
	switch passed := !next.IsZero() && !now.Before(next); {
	case !passed:
		l.looks = 0
	case l.looks > 0:
		l.looks = 0
		return true
	default:
		l.looks++
	}
	return false
}

// tick tells all whose deadline has passed, and finds the nearest of the others.
func (l *loop) tick(now time.Time) {
	l.nearest = time.Time{}
	for _, c := range l.conns {
		if d := c.Deadline(); d.IsZero() || d.After(now) {
			l.nearest = conn.Sooner(l.nearest, d)
			continue
		}
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
func (l *loop) accept(now time.Time, ln *conn.Listener) {
	if l.paused {
		return // left alone since this very round began
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

func (l *loop) add(now time.Time, fd int) *conn.Conn {
	c := conn.NewConn(fd, l.arrivals.Next(now), l.io, l.cfg, now, l.wake)
	c.Armed = session.Read
	c.Slot = int32(len(l.conns))
	l.conns = append(l.conns, c)
	l.watch(fd, sys.POLLIN)
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
		case want != c.Armed:
			l.arm(c, want)
		}
		l.nearest = conn.Sooner(l.nearest, c.Deadline())
	}
	l.todo, l.late, l.again = conn.NextTodo(l.todo, l.late, l.again)
	if l.paused && !l.resume.IsZero() && !now.Before(l.resume) {
		l.watchListeners(true)
	}
}

func (l *loop) remove(c *conn.Conn) {
	i, last := int(c.Slot), len(l.conns)-1
	l.conns[i], l.fds[l.first+i] = l.conns[last], l.fds[l.first+last]
	l.conns[i].Slot = c.Slot
	l.conns[last] = nil
	l.conns, l.fds = l.conns[:last], l.fds[:l.first+last]
	c.Close()
	l.open--
	if l.paused && l.open < l.limit {
		l.watchListeners(true)
	}
}

// arm changes what poll is to watch of c. It costs no system call: the whole
// list goes to the kernel with the next wait anyway.
func (l *loop) arm(c *conn.Conn, want session.Want) {
	l.fds[l.first+int(c.Slot)].Events = conn.Marks(want)
	c.Armed = want
}

// pause leaves the listeners alone for a moment.
func (l *loop) pause(now time.Time) {
	l.watchListeners(false)
	l.resume = now.Add(acceptPause)
}

// watchListeners puts the listeners into the interest set, or takes them out:
// poll passes over negative descriptors.
func (l *loop) watchListeners(on bool) {
	for i, ln := range l.lns {
		l.fds[1+i].Fd = int32(ln.FD)
		if !on {
			l.fds[1+i].Fd = -1
		}
	}
	l.paused, l.resume = !on, time.Time{}
}

func (l *loop) watch(fd int, marks int16) {
	l.fds = append(l.fds, sys.PollFd{Fd: int32(fd), Events: marks})
}

// hear does what was ordered.
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
		c.Shutdown(now)
		l.touch(c)
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
