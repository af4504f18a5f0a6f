package main

import (
	"time"

	"threeloops/common/conn"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// loop is the epoll loop, a reactor. An iteration waits, dispatches the
// events, ticks what is due, and settles. Only settle closes connections, and only settle
// writes, except for long responses. So all responses of an iteration to one connection
// leave in one write, and no descriptor number is reused while events still name it.
type loop struct {
	env       *server.Env
	io        *conn.IO
	stat      *stat.Slot
	cfg       *session.Config
	commands  *server.CommandQueue // from signals and the console
	bus       hubPort              // to the room's other members
	listeners []*conn.Listener

	ep     int
	ready  []sys.EpollEvent
	conns  []*conn.Conn // by descriptor; nil where there is none
	timers timers

	todo                []*conn.Conn       // to settle in this iteration
	skipped, unfinished []*conn.Conn       // to settle in the next: had no share of this one's work; had a share, and have more
	wake                func(*conn.Conn)   // schedule, made a value once and not for each connection
	memory              conn.MemoryLimiter // of what the connections hold
	waitsSinceDue       int                // waits since a deadline has passed, see due
	accepted            server.AcceptCounter
	open, limit         int       // connections
	paused              bool      // the listeners are not watched: clients wait in the backlog
	resumeAt            time.Time // when to watch them again at the latest; zero: when a connection closes
	graceEnd            time.Time // when shutdown cuts off connections; zero: not shutting down
}

// maxReady is how many events one epoll_wait may bring.
const maxReady = 1024

// acceptPause is how long to leave the listeners unwatched after accepting has
// failed, or while memory is short.
const acceptPause = 100 * time.Millisecond

// start makes the loop that counts in slot i of board, and begins to listen, on the
// ports of another loop's listeners if there are any.
func (l *loop) start(env *server.Env, board stat.Board, i int, portsOf ...*conn.Listener) (err error) {
	l.env, l.stat, l.wake = env, &board[i], l.schedule
	l.io = env.NewIO(l.stat)
	cfg, receiver := env.Sessions(l.io, board, i, l.bus)
	l.cfg = cfg
	l.bus.Attach(receiver)
	if l.listeners, err = env.Listen(l.io, portsOf...); err != nil {
		return err
	}
	l.ready = make([]sys.EpollEvent, maxReady)
	if l.ep, err = sys.EpollCreate(); err != nil {
		return err
	}
	if err = l.watch(sys.EPOLL_CTL_ADD, l.commands.FD, sys.POLLIN); err != nil {
		return err
	}
	for _, ln := range l.listeners {
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
		l.dispatch(now, n)
		if l.due(now, n) {
			l.tick(now)
		}
		l.settle(now)
	}
	return nil
}

// dispatch handles the events of the n descriptors that are ready.
func (l *loop) dispatch(now time.Time, n int) {
	l.count(n)
	for _, e := range l.ready[:n] {
		switch fd := int(e.Fd); {
		case fd == l.commands.FD:
			l.runCommands(now)
		case l.connAt(fd) != nil:
			l.readFrom(now, l.conns[fd], e.Events&^sys.POLLOUT != 0)
		default:
			l.accept(now, fd)
		}
	}
}

// timeout is how long the next wait may last.
func (l *loop) timeout(now time.Time) time.Duration {
	if len(l.todo) > 0 || l.waitsSinceDue > 0 {
		return 0 // some have more to do than one iteration allows, or see due
	}
	return conn.Until(conn.Sooner(conn.Sooner(l.timers.next(), l.bus.Deadline()), conn.Sooner(l.resumeAt, l.graceEnd)), now)
}

func (l *loop) count(ready int) {
	l.stat.Add(stat.SysWait, 1)
	l.stat.Add(stat.Rounds, 1)
	l.stat.Add(stat.Ready, ready)
}

// due reports whether deadlines are to be checked, after a wait that brought n events.
// Before that the loop waits once more, without sleeping, until it has seen all ready
// descriptors: bytes may have come in time while the server was stopped, or after a wait
// that a signal ended, or that had no room for more events.
func (l *loop) due(now time.Time, n int) bool {
	next := conn.Sooner(l.timers.next(), l.bus.Deadline())
	switch passed := !next.IsZero() && !now.Before(next); {
	case !passed:
		l.waitsSinceDue = 0
	case l.waitsSinceDue > 0 && (n < maxReady || l.waitsSinceDue*maxReady > l.open):
		l.waitsSinceDue = 0
		return true
	default:
		l.waitsSinceDue++
	}
	return false
}

// tick ticks all connections whose deadline has passed.
func (l *loop) tick(now time.Time) {
	for c := l.timers.expired(now); c != nil; c = l.timers.expired(now) {
		c.Tick(now)
		l.schedule(c)
	}
	l.bus.Tick(now)
}

// readFrom reads from c once, if c is readable. Every event flag except
// POLLOUT makes it readable: read(2) reports errors too.
func (l *loop) readFrom(now time.Time, c *conn.Conn, readable bool) {
	if readable {
		c.ReadOnce(now)
	}
	l.schedule(c)
}

// schedule puts c on the list for settle. The application calls it too, when it
// has something for a connection.
func (l *loop) schedule(c *conn.Conn) {
	if !c.Scheduled && c.FD >= 0 {
		c.Scheduled = true
		l.todo = append(l.todo, c)
	}
}

// accept accepts the clients of a listener, until the limit is reached.
func (l *loop) accept(now time.Time, fd int) {
	ln := l.listener(fd)
	if ln == nil || l.paused {
		return // closed or paused since this iteration began
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
			l.readFrom(now, l.add(now, fd), l.env.DeferAccept > 0) // then its first bytes are there
		case conn.Rejected:
			l.accepted.LogRejected(now, err)
		case conn.Failed:
			l.env.Log.Error("can't accept", "error", err)
			l.pause(now)
			return
		}
	}
}

// add makes the Conn of a connection. Epoll doesn't watch it before it is settled.
func (l *loop) add(now time.Time, fd int) *conn.Conn {
	c := conn.NewConn(fd, l.accepted.NextID(now), l.io, l.cfg, now, l.wake)
	l.setConn(fd, c)
	l.open++
	return c
}

// settle sends what each scheduled connection has queued, closes it if it is over, and
// watches it for what it wants.
func (l *loop) settle(now time.Time) {
	l.memory.Enforce(now, l.cfg, l.conns, l.wake)
	for i := 0; i < len(l.todo); i++ { // flushing one may schedule another
		c, spent := l.todo[i], l.cfg.Spent()
		c.Scheduled = c.Flush(now) // until here it can't be listed a second time
		switch want := c.Want(); {
		case want == 0:
			l.remove(c)
			continue
		case c.Scheduled && spent:
			l.skipped = append(l.skipped, c)
		case c.Scheduled:
			l.unfinished = append(l.unfinished, c)
		case want != c.Armed && !l.arm(c, want):
			c.End(now, errUnwatched)
			l.remove(c)
			continue
		}
		l.timers.set(c)
	}
	l.todo, l.skipped, l.unfinished = conn.NextTodo(l.todo, l.skipped, l.unfinished)
	if l.paused && !l.resumeAt.IsZero() && !now.Before(l.resumeAt) {
		l.watchListeners(true)
	}
}

func (l *loop) remove(c *conn.Conn) {
	l.timers.remove(c)
	l.setConn(c.FD, nil)
	c.Close()
	l.open--
	if l.paused && l.open < l.limit {
		l.watchListeners(true)
	}
}

// arm changes what epoll watches of c; of a new one, nothing yet. In the steady state
// of an echo it is never called: the socket takes each response whole, and Want stays Read.
func (l *loop) arm(c *conn.Conn, want session.Want) bool {
	op := sys.EPOLL_CTL_MOD
	if c.Armed == 0 {
		op = sys.EPOLL_CTL_ADD
	}
	err := l.watch(op, c.FD, conn.EventFlags(want))
	if err != nil {
		l.env.Log.Error("can't watch a connection", "id", c.ID(), "error", err)
	}
	c.Armed = want
	return err == nil
}

// pause stops watching the listeners for a moment.
func (l *loop) pause(now time.Time) {
	l.watchListeners(false)
	l.resumeAt = now.Add(acceptPause)
}

// watchListeners has epoll watch the listeners, or ignore their events. They stay in its
// interest list: adding them again could fail when memory is short.
func (l *loop) watchListeners(on bool) {
	var flags int16
	if on {
		flags = sys.POLLIN
	}
	l.paused, l.resumeAt = !on, time.Time{}
	for _, ln := range l.listeners {
		if err := l.watch(sys.EPOLL_CTL_MOD, ln.FD, flags); err != nil {
			l.env.Log.Error("can't watch a listener", "address", ln.Addr, "error", err)
			l.paused, l.resumeAt = true, time.Now().Add(acceptPause) // and then try again
		}
	}
}

func (l *loop) watch(op, fd int, flags int16) error {
	l.stat.Add(stat.SysCtl, 1)
	return sys.EpollCtl(l.ep, op, fd, uint32(flags))
}

// runCommands runs the queued commands, and empties the mailbox that other loops write to.
func (l *loop) runCommands(now time.Time) {
	for _, cmd := range l.commands.TakeAll() {
		switch cmd.Kind {
		case server.ShutdownCommand:
			l.beginShutdown(now)
		default:
			cmd.Execute(now, l.conns, l.wake)
			cmd.Announce(now, l.bus)
		}
	}
	if b, ok := l.bus.(*loopPort); ok {
		b.emptyMailbox(now)
	}
}

// beginShutdown begins the shutdown: it accepts every client that the kernel has
// connected already, up to the limit, stops listening, and asks all sessions to
// finish.
func (l *loop) beginShutdown(now time.Time) {
	if !l.graceEnd.IsZero() {
		return
	}
	l.graceEnd = now.Add(l.env.Grace)
	for _, ln := range l.listeners {
		for l.open < l.limit {
			fd, verdict, _ := ln.Accept()
			if verdict != conn.Accepted {
				break
			}
			l.add(now, fd)
		}
	}
	l.watchListeners(false)
	conn.CloseAll(l.listeners)
	l.listeners = nil
	for _, c := range l.conns {
		if c != nil {
			c.Shutdown(now)
			l.schedule(c)
		}
	}
	l.env.Log.Info("shutting down", "connections", l.open)
}

// done reports whether the shutdown is complete, or its time is up.
func (l *loop) done(now time.Time) bool {
	if l.graceEnd.IsZero() || l.open > 0 && now.Before(l.graceEnd) {
		return false
	}
	if l.open > 0 {
		l.env.Log.Warn("the grace time is over: connections were cut off", "connections", l.open)
	}
	return true
}

// connAt returns the connection that has a descriptor, or nil.
func (l *loop) connAt(fd int) *conn.Conn {
	if fd < len(l.conns) {
		return l.conns[fd]
	}
	return nil
}

// setConn records c under a descriptor. The table grows by doubling.
func (l *loop) setConn(fd int, c *conn.Conn) {
	for fd >= len(l.conns) {
		l.conns = append(l.conns, make([]*conn.Conn, max(1024, len(l.conns)))...)
	}
	l.conns[fd] = c
}

func (l *loop) listener(fd int) *conn.Listener {
	for _, ln := range l.listeners {
		if ln.FD == fd {
			return ln
		}
	}
	return nil
}
