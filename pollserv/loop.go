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

// loop is the poll loop. An iteration waits, dispatches the
// events, ticks what is due, and settles. Only settle closes connections, and only settle
// writes, except for long responses. So all responses of an iteration to one connection
// leave in one write, and no descriptor number is reused while events still name it.
type loop struct {
	env       *server.Env
	io        *conn.IO
	stat      *stat.Slot
	cfg       *session.Config
	commands  *server.CommandQueue // from signals and the console
	bus       *hub.Local           // to the room's other members
	listeners []*conn.Listener

	fds             []sys.PollFd // the command queue's, the listeners', and from first on one for each of conns
	first           int
	conns           []*conn.Conn
	nearestDeadline time.Time // not later than any connection's deadline; zero: there is none

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

// acceptPause is how long to leave the listeners unwatched after accepting has
// failed, or while memory is short.
const acceptPause = 100 * time.Millisecond

func serve(env *server.Env) error {
	commands, err := server.NewCommandQueue()
	if err != nil {
		return err
	}
	l := &loop{
		commands: commands, bus: env.NewLocal(), limit: env.ConnLimit(),
		accepted: server.AcceptCounter{Log: env.Log},
	}
	board := make(stat.Board, 1)
	if err := l.start(env, board, 0); err != nil {
		return err
	}
	env.ShutdownOnSignal(l.commands)
	env.Ready(l.listeners)
	env.StartConsole(board, l.commands)
	return l.run()
}

// start makes the loop that counts in slot i of board, and begins to listen.
func (l *loop) start(env *server.Env, board stat.Board, i int) (err error) {
	l.env, l.stat, l.wake = env, &board[i], l.schedule
	l.io = env.NewIO(l.stat)
	cfg, receiver := env.Sessions(l.io, board, i, l.bus)
	l.cfg = cfg
	l.bus.Attach(receiver)
	if l.listeners, err = env.Listen(l.io); err != nil {
		return err
	}
	l.watch(l.commands.FD, sys.POLLIN)
	for _, ln := range l.listeners {
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
		l.dispatch(now, n)
		if l.due(now) {
			l.tick(now)
		}
		l.settle(now)
	}
	return nil
}

// dispatch handles the events of the n descriptors that are ready.
func (l *loop) dispatch(now time.Time, n int) {
	l.count(n)
	if l.fds[0].Revents != 0 {
		l.runCommands(now)
	}
	for i, ln := range l.listeners {
		if l.fds[1+i].Revents != 0 {
			l.accept(now, ln)
		}
	}
	for i, c := range l.conns {
		if flags := l.fds[l.first+i].Revents; flags != 0 {
			l.readFrom(now, c, flags&^sys.POLLOUT != 0)
		}
	}
}

// timeout is how long the next wait may last.
func (l *loop) timeout(now time.Time) time.Duration {
	if len(l.todo) > 0 || l.waitsSinceDue > 0 {
		return 0 // some have more to do than one iteration allows, or see due
	}
	return conn.Until(conn.Sooner(conn.Sooner(l.nearestDeadline, l.bus.Deadline()), conn.Sooner(l.resumeAt, l.graceEnd)), now)
}

func (l *loop) count(ready int) {
	l.stat.Add(stat.SysWait, 1)
	l.stat.Add(stat.Rounds, 1)
	l.stat.Add(stat.Ready, ready)
}

// due reports whether deadlines are to be checked. Before that the loop waits once more,
// without sleeping: bytes may have come in time while the server was stopped, or after a
// wait that a signal ended.
func (l *loop) due(now time.Time) bool {
	next := conn.Sooner(l.nearestDeadline, l.bus.Deadline())
	switch passed := !next.IsZero() && !now.Before(next); {
	case !passed:
		l.waitsSinceDue = 0
	case l.waitsSinceDue > 0:
		l.waitsSinceDue = 0
		return true
	default:
		l.waitsSinceDue++
	}
	return false
}

// tick ticks all connections whose deadline has passed, and finds the nearest of the others.
func (l *loop) tick(now time.Time) {
	l.nearestDeadline = time.Time{}
	for _, c := range l.conns {
		if d := c.Deadline(); d.IsZero() || d.After(now) {
			l.nearestDeadline = conn.Sooner(l.nearestDeadline, d)
			continue
		}
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
func (l *loop) accept(now time.Time, ln *conn.Listener) {
	if l.paused {
		return // since this iteration began
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

func (l *loop) add(now time.Time, fd int) *conn.Conn {
	c := conn.NewConn(fd, l.accepted.NextID(now), l.io, l.cfg, now, l.wake)
	c.Armed = session.Read
	c.Slot = int32(len(l.conns))
	l.conns = append(l.conns, c)
	l.watch(fd, sys.POLLIN)
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
		case want != c.Armed:
			l.arm(c, want)
		}
		l.nearestDeadline = conn.Sooner(l.nearestDeadline, c.Deadline())
	}
	l.todo, l.skipped, l.unfinished = conn.NextTodo(l.todo, l.skipped, l.unfinished)
	if l.paused && !l.resumeAt.IsZero() && !now.Before(l.resumeAt) {
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
	l.fds[l.first+int(c.Slot)].Events = conn.EventFlags(want)
	c.Armed = want
}

// pause stops watching the listeners for a moment.
func (l *loop) pause(now time.Time) {
	l.watchListeners(false)
	l.resumeAt = now.Add(acceptPause)
}

// watchListeners puts the listeners into the interest set, or takes them out:
// poll passes over negative descriptors.
func (l *loop) watchListeners(on bool) {
	for i, ln := range l.listeners {
		l.fds[1+i].Fd = int32(ln.FD)
		if !on {
			l.fds[1+i].Fd = -1
		}
	}
	l.paused, l.resumeAt = !on, time.Time{}
}

func (l *loop) watch(fd int, flags int16) {
	l.fds = append(l.fds, sys.PollFd{Fd: int32(fd), Events: flags})
}

// runCommands runs the queued commands.
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
		c.Shutdown(now)
		l.schedule(c)
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
