package main

import (
	"time"

	"threeloops/common/conn"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// loop is the epoll loop, a reactor. Each iteration has four steps: wait, dispatch the events,
// tick what is due, settle. Only settle closes connections, and only settle sends, except for
// responses of 8 to 64 KiB. So the short responses of an iteration to one connection leave in one
// write, and no descriptor number is given to a new connection while events still name the old one.
type loop struct {
	env       *server.Env
	io        *conn.IO
	stat      *stat.Slot
	cfg       *session.Config
	commands  *server.CommandQueue // of signals and the console
	bus       hubPort              // to the other members of the room
	listeners []*conn.Listener

	ep     int              // epoll's descriptor: the interest list is in the kernel
	ready  []sys.EpollEvent // what the last wait reported
	conns  []*conn.Conn     // by descriptor; nil: no connection has it
	timers timers

	todo []*conn.Conn // connections to settle in this iteration
	// To settle in the next iteration: skipped are the connections whose turn came when this
	// iteration's work was used up, unfinished are those that had a turn and have more to do.
	skipped, unfinished []*conn.Conn
	wake                func(*conn.Conn)   // l.schedule, made a value only once: that allocates
	memory              conn.MemoryLimiter // of what all connections together hold
	accepted            server.AcceptCounter
	open, limit         int       // how many connections there are, and may be
	paused              bool      // the listeners aren't watched: clients wait in the backlog
	resumeAt            time.Time // latest end of a pause; zero: it ends when a connection closes
	graceEnd            time.Time // when shutdown cuts off connections; zero: no shutdown yet
}

// maxReady is the most events that one epoll_wait reports. The next wait reports the others.
const maxReady = 1024

// acceptPause is how long a pause lasts after accepting has failed, or while memory is short.
const acceptPause = 100 * time.Millisecond

// start completes the loop, which counts in slot i of board, and begins to listen. With portsOf,
// another loop's listeners, it listens on the same ports.
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
	return env.CheckDescriptors()
}

// run repeats the iteration until the shutdown is complete.
//
// It reads the clock once in an iteration, right after the wait. All that happens in the
// iteration happens at that time, so timers cost no further clock calls.
func (l *loop) run() error {
	for now := sys.Now(); !l.done(now); {
		before := now
		// The only call that waits for clients. The timeout wakes the loop for the next deadline,
		// and a command wakes it through the command queue's descriptor.
		n, err := sys.EpollWait(l.ep, l.ready, l.timeout(now))
		now = sys.Now()
		l.env.WaitFailed(now, err) // the error is logged; n is 0, and the iteration goes on
		l.cfg.Round()              // a new budget of work
		l.dispatch(now, n)
		// tick comes after dispatch: a client whose bytes arrived in time must not time out
		// because the loop reads them late.
		if l.due(before, n) {
			l.tick(now, before)
		}
		// So far responses were queued. Now they are sent, and connections that are over close.
		l.settle(now)
	}
	return nil
}

// dispatch handles the events of the n descriptors that are ready. It looks at no others: epoll
// says which they are.
func (l *loop) dispatch(now time.Time, n int) {
	l.count(n)
	for _, e := range l.ready[:n] {
		switch fd := int(e.Fd); {
		case fd == l.commands.FD:
			l.runCommands(now)
		case l.connAt(fd) != nil:
			l.readFrom(now, l.conns[fd], e.Events&^sys.POLLOUT != 0)
		default: // a listener, or one that beginShutdown has just closed
			l.accept(now, fd)
		}
	}
}

// timeout is how long the next wait may last: until the earliest thing that the loop has to do
// without being woken.
func (l *loop) timeout(now time.Time) time.Duration {
	if len(l.todo) > 0 {
		return 0 // connections have work left over
	}
	return conn.Until(conn.Sooner(conn.Sooner(l.timers.next(), l.bus.Deadline()), conn.Sooner(l.resumeAt, l.graceEnd)), now)
}

func (l *loop) count(ready int) {
	l.stat.Add(stat.SysWait, 1)
	l.stat.Add(stat.Rounds, 1)
	l.stat.Add(stat.Ready, ready)
}

// due reports whether tick must run: a deadline had passed before the last wait began. If a deadline
// passes during a wait, the loop first waits once more, without sleeping: if the process was stopped,
// or a signal ended the wait, bytes that came in time are still unread. tick runs only after they
// were read. After a wait that reports as many events as it can, there may be more, see mayExpire.
func (l *loop) due(before time.Time, n int) bool {
	next := conn.Sooner(l.timers.next(), l.bus.Deadline())
	passed := !next.IsZero() && !before.Before(next)
	return l.timers.mayExpire(passed, n, l.open)
}

// tick calls Tick for each connection whose deadline had passed before the last wait began. The heap
// finds them without looking at the others.
func (l *loop) tick(now, before time.Time) {
	for c := l.timers.expired(before); c != nil; c = l.timers.expired(before) {
		c.Tick(now)
		l.schedule(c) // settle asks for its new deadline
	}
	l.bus.Tick(now)
}

// readFrom reads from c once, if c is readable, and schedules c. What one read leaves behind makes
// the descriptor ready again in the next iteration: both loops are level-triggered. So a client
// that sends fast can't keep the loop from the other clients.
//
// Any event flag except POLLOUT makes c readable: for POLLERR and POLLHUP too, read(2) tells
// what happened. After POLLOUT alone nothing is read, and settle sends.
func (l *loop) readFrom(now time.Time, c *conn.Conn, readable bool) {
	if readable {
		c.ReadOnce(now)
	}
	l.schedule(c)
}

// schedule puts c on the list for settle, at most once. The application calls it too, through
// wake: a message from one client is queued for others, whose descriptors reported nothing.
func (l *loop) schedule(c *conn.Conn) {
	if !c.Scheduled && c.FD >= 0 {
		c.Scheduled = true
		l.todo = append(l.todo, c)
	}
}

// accept accepts clients of a listener until its backlog is empty, it has had its share of the
// iteration (see conn.Listener.Next), or a limit is reached. Then the other clients wait in the
// backlog, and the listeners aren't watched: they would be ready in each wait, which would
// never sleep.
func (l *loop) accept(now time.Time, fd int) {
	ln := l.listener(fd)
	if ln == nil || l.paused {
		return // the listener was closed, or the pause began, in this iteration, after the wait
	}
	for {
		if l.open >= l.limit {
			l.watchListeners(false) // until a connection closes
			return
		}
		if l.cfg.Tight() { // the connections hold three quarters of the memory budget
			l.pause(now)
			return
		}
		fd, verdict, err := ln.Next()
		switch verdict {
		case conn.Empty: // or the share is used up: then the next wait reports the listener again
			return
		case conn.Accepted:
			// With -defer-accept the client's first bytes are there already. Without it they mostly
			// aren't, so the loop doesn't read before a wait reports them.
			l.readFrom(now, l.add(now, fd), l.env.DeferAccept > 0)
		case conn.Rejected: // the client has got a 503
			l.accepted.LogRejected(now, err)
		case conn.Failed: // it would most likely fail again immediately
			l.env.Log.Error("can't accept", "error", err)
			l.pause(now)
			return
		}
	}
}

// add makes the Conn of a new connection. Its Armed is 0, so settle adds it to epoll.
func (l *loop) add(now time.Time, fd int) *conn.Conn {
	c := conn.NewConn(fd, l.accepted.NextID(now), l.io, l.cfg, now, l.wake)
	l.setConn(fd, c)
	l.open++
	return c
}

// settle sends what each scheduled connection has queued, closes it if it is over, and has the
// kernel watch it for what its session wants next. Connections are closed only here.
//
// After settle every connection is either on the list for the next iteration, or watched for
// exactly what it wants (Armed is its Want). So no connection is forgotten.
func (l *loop) settle(now time.Time) {
	l.memory.Enforce(now, l.cfg, l.conns, l.wake) // may schedule all connections
	for i := 0; i < len(l.todo); i++ {            // the list grows: one Flush may schedule others
		c, spent := l.todo[i], l.cfg.Spent() // asked before Flush does more work
		// While Flush runs, c is still Scheduled, so nothing can list it twice. Flush reports
		// whether c has more to do. Then c stays Scheduled, and goes on the next iteration's list.
		c.Scheduled = c.Flush(now)
		switch want := c.Want(); {
		case want == 0: // c is over: all is sent, or it has failed
			l.remove(c)
			continue
		case c.Scheduled && spent: // the iteration's work was used up before c's turn
			l.skipped = append(l.skipped, c)
		case c.Scheduled: // c had its turn and has more to do
			l.unfinished = append(l.unfinished, c)
		case want != c.Armed && !l.arm(c, want):
			// The end of c may schedule c itself, for instance to tell it that its poll has ended.
			// So c is closed when its turn comes.
			c.End(now, errUnwatched)
			l.schedule(c)
			continue
		}
		l.timers.set(c)
	}
	// The next list begins with those that had no share. While it isn't empty, no wait sleeps.
	l.todo, l.skipped, l.unfinished = conn.NextTodo(l.todo, l.skipped, l.unfinished)
	if l.paused && !l.resumeAt.IsZero() && !now.Before(l.resumeAt) {
		l.watchListeners(true) // the pause is over
	}
}

// remove closes a connection. close(2) takes its descriptor out of epoll's interest list.
func (l *loop) remove(c *conn.Conn) {
	l.timers.remove(c)
	l.setConn(c.FD, nil)
	c.Close()
	l.open--
	if l.paused && l.open < l.limit {
		l.watchListeners(true) // there is room for a client of the backlog
	}
}

// arm changes what epoll watches c for, which takes a system call. While an echo server echoes, arm
// isn't called: the socket takes each response whole, so Want stays Read.
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

// pause stops watching the listeners for acceptPause. A connection that closes may end it earlier.
func (l *loop) pause(now time.Time) {
	l.watchListeners(false)
	l.resumeAt = now.Add(acceptPause)
}

// watchListeners has epoll watch the listeners, or ignore their events. They stay in its interest
// list: to add them again needs memory, and could fail when memory is short.
func (l *loop) watchListeners(on bool) {
	var flags int16
	if on {
		flags = sys.POLLIN
	}
	l.paused, l.resumeAt = !on, time.Time{}
	for _, ln := range l.listeners {
		if err := l.watch(sys.EPOLL_CTL_MOD, ln.FD, flags); err != nil {
			l.env.Log.Error("can't watch a listener", "address", ln.Addr, "error", err)
			l.paused, l.resumeAt = true, sys.Now().Add(acceptPause) // settle tries again then
		}
	}
}

func (l *loop) watch(op, fd int, flags int16) error {
	l.stat.Add(stat.SysCtl, 1)
	return sys.EpollCtl(l.ep, op, fd, uint32(flags))
}

// runCommands runs the queued commands. With -loops it also empties the loop's mailbox, because
// the same waker announces both.
func (l *loop) runCommands(now time.Time) {
	for _, cmd := range l.commands.TakeAll() {
		switch cmd.Kind {
		case server.StopDeferringCommand:
			l.env.StopDeferring(l.listeners)
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

// beginShutdown begins the shutdown. It accepts the clients in the backlog, up to the limit,
// because closing a listener resets them. It stops listening, and asks all sessions to finish.
func (l *loop) beginShutdown(now time.Time) {
	if !l.graceEnd.IsZero() {
		return // the shutdown has begun already
	}
	l.graceEnd = now.Add(l.env.Grace)
	for _, ln := range l.listeners {
		for l.open < l.limit {
			fd, verdict, _ := ln.Accept() // Next would stop after the listener's share
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

// done reports whether the shutdown is complete, or the grace time is over.
func (l *loop) done(now time.Time) bool {
	if l.graceEnd.IsZero() || l.open > 0 && now.Before(l.graceEnd) {
		return false
	}
	if l.open > 0 {
		l.env.Log.Warn("the grace time is over: connections were cut off", "connections", l.open)
	}
	return true
}

// connAt returns the connection that has the descriptor fd, or nil.
func (l *loop) connAt(fd int) *conn.Conn {
	if fd < len(l.conns) {
		return l.conns[fd]
	}
	return nil
}

// setConn records c under the descriptor fd. The table doubles when fd doesn't fit.
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
