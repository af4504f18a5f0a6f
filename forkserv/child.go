package main

import (
	"errors"
	"fmt"
	"net/netip"
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

// The descriptors that a child is started with, besides 0 to 2.
const (
	connFD  = 3
	busFD   = 4
	boardFD = 5
	errorFD = 9 // becomes its standard error; package server defines 6 to 8
)

// childEnv is the environment variable that makes the program a child. Its value is
// SLOT:ID:BYTES:LOOPBACK:
//
//	SLOT      the child's slot on the board
//	ID        the number of its connection; 0 for a spare, which gets its connection later
//	BYTES     how much memory all children together may hold
//	LOOPBACK  true if the server listens on loopback
//
// The child doesn't find out LOOPBACK itself: the host of -addr may be a name, and hosts(5) may
// have changed since the server started.
const childEnv = "FORKSERV_CHILD"

// childConfig is what the parent tells a child in its environment.
type childConfig struct {
	slot     int
	id       uint64
	memory   int64 // bytes that all children may hold
	loopback bool
	peer     netip.AddrPort // the parent writes it on the board, so childEnv doesn't have it
	err      error          // why prepare failed
}

func (b childConfig) String() string {
	return fmt.Sprintf("%d:%d:%d:%t", b.slot, b.id, b.memory, b.loopback)
}

// childConfigFromEnv reads childEnv. ok reports whether it is set, so this process is a child.
func childConfigFromEnv() (b childConfig, ok bool) {
	parts := strings.Split(sys.Getenv(childEnv), ":")
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

// childThreads is how many threads a child creates at its start, besides the one that runs its loop
// and the Go runtime's monitor.
const childThreads = 2

// prepare prepares the process to be a child. It is called before anything else. If it fails, the
// child has not yet reported that it serves, so the parent gives the client to another child.
func (b *childConfig) prepare() {
	// A signal that is sent to all processes of the server is meant for the parent. At SIGHUP the
	// parent reads the lists again, and at SIGTERM it tells its children to shut down. Before this
	// line such a signal kills the child, but then the child has read nothing from its client.
	sys.Ignore(sys.SIGHUP, sys.SIGTERM)
	// If the machine has no task left, the Go runtime prints a long report and ends the process.
	// With one child for each client, these reports would fill the log. So descriptor 2 is a file
	// that can't be written until the threads exist, and the parent logs one line instead.
	b.err = sys.StartThreads(childThreads)
	sys.Dup3(errorFD, 2, 0)
	sys.Close(errorFD)
}

// child is the loop of one connection. It watches two descriptors, the connection and the bus, and
// its iterations have the same steps as in pollserv: wait, dispatch, tick, settle.
type child struct {
	env           *server.Env
	stat          *stat.Slot
	fds           [2]sys.PollFd // the connection, the bus
	bus           bus
	receiver      hub.Receiver // gets the Hub's messages
	conn          *conn.Conn
	cfg           *session.Config
	reportedBytes int64 // memory that the child held when it last asked itself whether to report

	board      stat.Board
	memory     int64     // bytes that all children may hold
	unfinished bool      // the connection has more to do in the next iteration
	idle       bool      // nothing was ready after the last wait
	graceEnd   time.Time // when shutdown cuts off the connection; zero: no shutdown yet
}

// busBurst is the most messages that the child receives in an iteration. It is more than one, so
// that many messages leave for the client in one write.
const busBurst = 64

// serve serves the child's only connection. A spare does all that it can do without a client, and
// then waits for its connection.
//
// servingKind is the turning point. Until the parent gets it, the parent keeps its own descriptor
// of the connection, and gives it to another child if this one dies. So nothing may be read from
// the client before it is posted, and nothing can fail after it.
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
	if b.id == 0 {
		if fd, b.id, err = c.awaitConn(); fd < 0 {
			return err
		}
	}
	now := sys.Now()
	c.conn = conn.NewConn(fd, b.id, io, cfg, now, noWake)
	c.fds = [2]sys.PollFd{{Fd: int32(fd)}, {Fd: busFD}}
	c.bus.Post(now, &hub.Message{Kind: servingKind, Conn: b.id})
	return c.run()
}

// noWake does nothing: settle handles the child's only connection in every iteration anyway.
func noWake(*conn.Conn) {}

// awaitConn waits until the parent gives this spare child a connection. It returns a negative
// descriptor and no error if the child must end without one, because the parent shuts down or is
// gone.
func (c *child) awaitConn() (fd int, id uint64, err error) {
	text := make([]byte, 256) // a spare gets only serveKind and shutdownKind, which are short
	for {
		bus := []sys.PollFd{{Fd: busFD, Events: sys.POLLIN}}
		_, err = sys.Poll(bus, sys.Forever)
		c.env.WaitFailed(sys.Now(), err)
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

// run repeats the iteration until the connection is closed and the parent has got all messages, or
// the grace time is over.
//
// It reads the clock once in an iteration, right after the wait. All that happens in the
// iteration happens at that time.
func (c *child) run() error {
	for now := sys.Now(); !c.done(now); {
		n, err := c.wait(now)
		now = sys.Now()
		c.env.WaitFailed(now, err) // the error is logged; n is 0, and the iteration goes on
		c.cfg.Round()              // a new budget of work
		c.count(n)
		if err := c.dispatch(now); err != nil {
			return err
		}
		// tick comes after dispatch: a client whose bytes arrived in time must not time out
		// because the loop reads them late.
		if c.due(now) {
			if err := c.tick(now); err != nil {
				return err
			}
		}
		// So far responses were queued. Now they are sent, and a connection that is over closes.
		c.settle(now)
	}
	return nil
}

// dispatch handles the events of the last wait. The bus comes first, so that an order of the
// parent, such as to close the connection, isn't delayed by the client's next request.
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

// maxFinalPolls is how often tick polls at most. That many reads empty the largest receive buffer,
// and a client that never stops sending can't delay its own timeout any longer.
const maxFinalPolls = 128

// tick ticks the connection, unless its client was in time after all. If the process was stopped
// until just before now, bytes that arrived in time may still be unread. So tick first reads all
// that has arrived, and then looks at the deadline again.
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

// wait waits for the next event and returns how many of the two descriptors are ready. After an
// event the next is likely to follow soon, so it calls PollSoon, which costs less. Only if PollSoon
// saw no event does the next wait sleep in Poll.
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

// receive handles messages of the parent: its own orders, and the messages of the Hub.
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

// beginShutdown begins the shutdown: the session has the grace time to finish.
func (c *child) beginShutdown(now time.Time) {
	if c.graceEnd.IsZero() {
		c.graceEnd = now.Add(c.env.Grace)
		c.conn.Shutdown(now)
	}
}

// parentGone begins the shutdown because the parent is gone: it was killed, or a second signal has
// told it to end immediately.
func (c *child) parentGone(now time.Time) {
	c.fds[1].Fd = -1 // poll ignores negative descriptors; this one would be readable in each wait
	c.bus.ended = true
	if !c.graceEnd.IsZero() {
		c.graceEnd = now // the parent ended during a shutdown, so the child ends immediately too
	}
	c.beginShutdown(now)
}

// settle sends what is queued for the client, closes the connection if it is over, and sends what
// is queued for the parent. What the connection wants next is asked in wait.
func (c *child) settle(now time.Time) {
	if c.conn.FD >= 0 {
		c.enforceMemory(now)
		c.unfinished = c.conn.Flush(now)
		if c.conn.Want() == 0 {
			c.conn.Close()
			c.fds[0].Fd = -1 // poll ignores it
		}
	}
	// The child outlives its connection while the parent must still get a message, for instance
	// that the client has left the room.
	c.bus.flush()
}

// done reports whether the connection is closed and all messages to the parent are sent, or the
// grace time is over.
func (c *child) done(now time.Time) bool {
	return c.conn.FD < 0 && !c.bus.queued() || !c.graceEnd.IsZero() && !now.Before(c.graceEnd)
}
