package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// The descriptors that a child is started with, beside the standard three.
const (
	connFD  = 3
	busFD   = 4
	boardFD = 5
	errorFD = 9 // what is to be its standard error; 6 to 8 are package server's
)

// childEnv is the environment variable that makes the program a child. Its
// value is SLOT:ID:BYTES:LOOPBACK, the child's slot on the board, its connection's number,
// which is 0 for a child that gets its connection later, its budget of memory, and whether
// the server listens on loopback. The last is decided once: hosts(5) may change.
const childEnv = "FORKSERV_CHILD"

// childConfig is what the parent tells a child when it starts it.
type childConfig struct {
	slot     int
	id       uint64
	memory   int64 // bytes that it may hold
	loopback bool
	peer     netip.AddrPort // is on the board, so it isn't in the variable
	err      error          // of prepare
}

func (b childConfig) String() string {
	return fmt.Sprintf("%d:%d:%d:%t", b.slot, b.id, b.memory, b.loopback)
}

// childConfigFromEnv reads childEnv. ok reports whether this process is a child.
func childConfigFromEnv() (b childConfig, ok bool) {
	parts := strings.Split(os.Getenv(childEnv), ":")
	if len(parts) != 4 {
		return childConfig{}, false
	}
	var bad1, bad2, bad3, bad4 error
	b.slot, bad1 = strconv.Atoi(parts[0])
	b.id, bad2 = strconv.ParseUint(parts[1], 10, 64)
	b.memory, bad3 = strconv.ParseInt(parts[2], 10, 64)
	b.loopback, bad4 = strconv.ParseBool(parts[3])
	return b, bad1 == nil && bad2 == nil && bad3 == nil && bad4 == nil
}

// childThreads is how many threads a child starts with beside the runtime's monitor and the
// one that its loop waits on.
const childThreads = 2

// prepare prepares the process to be a child. It is called before anything else, and
// what fails here fails before the child has said that it serves.
//
// A signal to all processes is meant for the parent: at SIGHUP it reads the lists, and at
// SIGTERM it tells its children to shut down. A child that is killed before they are ignored,
// by the runtime's own handler, has not read from its client, which gets another child.
//
// Until the threads are there standard error takes nothing: at the limit of tasks the
// Go runtime would fill the log with a report for each client. The parent says it in a line.
func (b *childConfig) prepare() {
	signal.Ignore(sys.SIGHUP, sys.SIGTERM)
	b.err = server.StartThreads(childThreads)
	sys.Dup3(errorFD, 2, 0)
	sys.Close(errorFD)
}

// child is the loop of one connection. It watches two descriptors: the
// connection and the bus.
type child struct {
	env           *server.Env
	stat          *stat.Slot
	fds           [2]sys.PollFd // the connection, the bus
	bus           bus
	receiver      hub.Receiver // of what the Hub sends
	conn          *conn.Conn
	cfg           *session.Config
	reportedBytes int64 // how much memory the parent knows that the child holds

	board      stat.Board
	memory     int64     // bytes that all children may hold
	unfinished bool      // there is more to do in the next iteration
	idle       bool      // nothing was ready after the last wait
	graceEnd   time.Time // when shutdown cuts off the connection; zero: not shutting down
}

// busBurst is how many messages the child receives in an iteration, so that they leave
// for the client in one write.
const busBurst = 64

// serve serves the child's one connection.
func (b childConfig) serve(env *server.Env) error {
	if b.err != nil {
		return b.err
	}
	board, err := openBoard(boardFD)
	if err != nil {
		return err
	}
	c := &child{env: env, stat: &board[b.slot], board: board, memory: b.memory}
	c.bus = bus{channel: channel{FD: busFD}, stat: c.stat}
	io := env.NewIO(c.stat)
	env.MaxMemory = b.memory
	cfg, receiver := env.Sessions(io, board, b.slot, &c.bus)
	c.receiver, c.cfg = receiver, cfg
	fd := connFD
	if b.id == 0 { // what can be prepared without a client is ready
		if fd, b.id, err = c.awaitConn(); fd < 0 {
			return err
		}
	}
	now := time.Now()
	c.conn = conn.NewConn(fd, b.id, io, cfg, now, noWake)
	c.fds = [2]sys.PollFd{{Fd: int32(fd)}, {Fd: busFD}}
	c.bus.Post(now, &hub.Message{Kind: servingKind, Conn: b.id}) // nothing can fail from here on
	return c.run()
}

// noWake does nothing, because settle handles the child's only connection in every
// iteration anyway.
func noWake(*conn.Conn) {}

// awaitConn waits until the parent gives this spare child a connection. It returns a
// negative descriptor if the child is to end instead.
func (c *child) awaitConn() (fd int, id uint64, err error) {
	text := make([]byte, 256) // what is sent before there is a connection is short
	for {
		bus := []sys.PollFd{{Fd: busFD, Events: sys.POLLIN}}
		_, err = sys.Poll(bus, sys.Forever)
		c.env.WaitFailed(time.Now(), err)
		n, fd, err := c.bus.RecvFD(text)
		switch {
		case errors.Is(err, errEnded):
			return -1, 0, nil
		case err != nil:
			return -1, 0, err
		}
		switch m, _ := hub.Parse(text[:n]); m.Kind {
		case serveKind:
			return fd, m.Conn, nil
		case shutdownKind:
			return -1, 0, nil
		}
	}
}

// run is the loop: wait, dispatch, tick, settle.
func (c *child) run() error {
	for now := time.Now(); !c.done(now); {
		n, err := c.wait(now)
		now = time.Now()
		c.env.WaitFailed(now, err)
		c.count(n)
		if err := c.dispatch(now); err != nil {
			return err
		}
		if c.due(now) {
			if err := c.tick(now); err != nil {
				return err
			}
		}
		c.settle(now)
	}
	return nil
}

// dispatch handles the events of the last wait.
func (c *child) dispatch(now time.Time) error {
	if c.fds[1].Revents&^sys.POLLOUT != 0 {
		if err := c.receive(now); err != nil {
			return err
		}
	}
	if c.fds[0].Revents&^sys.POLLOUT != 0 {
		c.conn.ReadOnce(now)
	}
	return nil
}

func (c *child) due(now time.Time) bool {
	d := c.conn.Deadline()
	return !d.IsZero() && !now.Before(d)
}

// maxFinalPolls is how often tick polls at most: a client that never stops sending can't put
// its deadline off. That many reads empty the largest receive buffer.
const maxFinalPolls = 128

// tick ticks the connection, unless the client was in time. The process may have been stopped
// for long just before now, so what has come by then is read first.
func (c *child) tick(now time.Time) error {
	for range maxFinalPolls {
		c.fds[0].Events, c.fds[1].Events = conn.EventFlags(c.conn.Want()), c.bus.eventFlags()
		n, err := sys.Poll(c.fds[:], 0)
		c.env.WaitFailed(now, err)
		c.stat.Add(stat.SysWait, 1)
		if n == 0 {
			break
		}
		if err := c.dispatch(now); err != nil {
			return err
		}
		c.unfinished = c.conn.Flush(now)
		if !c.due(now) {
			return nil
		}
	}
	c.conn.Tick(now)
	return nil
}

// wait returns how many of the two descriptors are ready. After an event it expects another
// soon; only after a wait without one does it sleep in Poll.
func (c *child) wait(now time.Time) (n int, err error) {
	c.fds[0].Events, c.fds[1].Events = conn.EventFlags(c.conn.Want()), c.bus.eventFlags()
	if c.idle {
		n, err = sys.Poll(c.fds[:], c.timeout(now))
	} else {
		n, err = sys.PollSoon(c.fds[:], c.timeout(now))
	}
	c.idle = n == 0
	return n, err
}

// timeout is how long the next wait may last.
func (c *child) timeout(now time.Time) time.Duration {
	if c.unfinished {
		return 0
	}
	return conn.Until(conn.Sooner(c.conn.Deadline(), c.graceEnd), now)
}

func (c *child) count(ready int) {
	c.stat.Add(stat.SysWait, 1)
	c.stat.Add(stat.Rounds, 1)
	c.stat.Add(stat.Ready, ready)
}

// receive handles the parent's messages.
func (c *child) receive(now time.Time) error {
	for range busBurst {
		m, ok, err := c.bus.receive()
		switch {
		case errors.Is(err, errEnded):
			c.parentGone(now)
			return nil
		case err != nil || !ok:
			return err
		}
		switch m.Kind {
		case shutdownKind:
			c.beginShutdown(now)
		case kickKind:
			c.conn.Kick(now)
		case sendKind:
			c.conn.SendOperatorText(now, m.Text)
		default:
			c.receiver.Deliver(now, &m)
		}
	}
	return nil
}

// beginShutdown begins the shutdown.
func (c *child) beginShutdown(now time.Time) {
	if c.graceEnd.IsZero() {
		c.graceEnd = now.Add(c.env.Grace)
		c.conn.Shutdown(now)
	}
}

// parentGone begins the shutdown because the parent is gone. If that happens during a
// shutdown, a second signal has told the parent to end immediately.
func (c *child) parentGone(now time.Time) {
	c.fds[1].Fd = -1 // poll ignores it: it would stay readable
	c.bus.ended = true
	if !c.graceEnd.IsZero() {
		c.graceEnd = now
	}
	c.beginShutdown(now)
}

// settle sends what is queued, and closes the connection when it is over.
func (c *child) settle(now time.Time) {
	if c.conn.FD >= 0 {
		c.enforceMemory(now)
		c.unfinished = c.conn.Flush(now)
		if c.conn.Want() == 0 {
			c.conn.Close()
			c.fds[0].Fd = -1
		}
	}
	c.bus.flush()
}

// done reports whether the connection is closed and all messages to the parent are sent, or
// the grace time is over.
func (c *child) done(now time.Time) bool {
	return c.conn.FD < 0 && !c.bus.queued() || !c.graceEnd.IsZero() && !now.Before(c.graceEnd)
}
