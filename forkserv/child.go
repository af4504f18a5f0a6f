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

// The descriptors that a child is born with, beside the standard three.
const (
	connFD  = 3
	busFD   = 4
	boardFD = 5
	errorFD = 9 // what is to be its standard error; 6 to 8 are cli's
)

// birthEnv is the environment variable that makes the program a child. Its
// value is SLOT:ID:BYTES:LOOPBACK, the child's slot on the board, its connection's number,
// which is 0 for a child that gets its connection later, its budget of memory, and whether
// the server listens on loopback. The last is decided once: hosts(5) may change.
const birthEnv = "FORKSERV_CHILD"

// birth is what a child is told by its parent.
type birth struct {
	slot     int
	id       uint64
	memory   int64 // bytes that it may hold
	loopback bool
	peer     netip.AddrPort // stands on the board, and isn't told again
	err      error          // of begin
}

func (b birth) String() string { return fmt.Sprintf("%d:%d:%d:%t", b.slot, b.id, b.memory, b.loopback) }

// born reports whether this process is a child.
func born() (b birth, ok bool) {
	parts := strings.Split(os.Getenv(birthEnv), ":")
	if len(parts) != 4 {
		return birth{}, false
	}
	var bad1, bad2, bad3, bad4 error
	b.slot, bad1 = strconv.Atoi(parts[0])
	b.id, bad2 = strconv.ParseUint(parts[1], 10, 64)
	b.memory, bad3 = strconv.ParseInt(parts[2], 10, 64)
	b.loopback, bad4 = strconv.ParseBool(parts[3])
	return b, bad1 == nil && bad2 == nil && bad3 == nil && bad4 == nil
}

// threads is how many threads a child starts with beside the runtime's monitor and the
// one that its loop waits on.
const threads = 2

// begin makes the process ready to be a child. It is called before anything else, and
// what can fail here fails before the child has said that it serves.
//
// A signal to all processes means the parent: SIGHUP that it reads the lists, SIGTERM
// that it asks its children to finish. A child that is killed before they are ignored,
// by the runtime's own handler, has not read from its client, which gets another child.
//
// Until the threads are there standard error takes nothing: at the limit of tasks the
// Go runtime would fill the log with a report for each client. The parent says it in a line.
func (b *birth) begin() {
	signal.Ignore(sys.SIGHUP, sys.SIGTERM)
	b.err = server.StartThreads(threads)
	sys.Dup3(errorFD, 2, 0)
	sys.Close(errorFD)
}

// child is the loop of one connection. It watches two descriptors: the
// connection and the bus.
type child struct {
	env  *server.Env
	stat *stat.Slot
	fds  [2]sys.PollFd // the connection, the bus
	bus  bus
	room hub.Receiver // whoever here is in the room
	conn *conn.Conn
	cfg  *session.Config
	told int64 // bytes of memory that the parent knows of

	board  stat.Board
	memory int64     // bytes that all children may hold
	more   bool      // there is more to send at once
	idle   bool      // nothing came in the last wait
	end    time.Time // of the grace time; zero: not shutting down
}

// busBurst is how many messages the child takes in a round, so that they leave
// for the client in one write.
const busBurst = 64

// serve serves the child's one connection.
func (b birth) serve(env *server.Env) error {
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
	c.room, c.cfg = receiver, cfg
	fd := connFD
	if b.id == 0 { // all that can be made before there is a client is made by now
		if fd, b.id, err = c.await(); fd < 0 {
			return err
		}
	}
	now := time.Now()
	c.conn = conn.NewConn(fd, b.id, io, cfg, now, alone)
	c.fds = [2]sys.PollFd{{Fd: int32(fd)}, {Fd: busFD}}
	c.bus.Post(now, &hub.Message{Kind: servingKind, Conn: b.id}) // nothing can fail from here on
	return c.run()
}

// alone is what a child's connection has for a wake-up call: settle looks after
// it in every round anyway.
func alone(*conn.Conn) {}

// await waits for the connection of a child that was started in advance. It
// returns a negative descriptor when there won't be one.
func (c *child) await() (fd int, id uint64, err error) {
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

// run is the loop: wait, take in, tick, settle.
func (c *child) run() error {
	for now := time.Now(); !c.done(now); {
		n, err := c.wait(now)
		now = time.Now()
		c.env.WaitFailed(now, err)
		c.count(n)
		if err := c.take(now); err != nil {
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

// take takes in what the last wait has reported.
func (c *child) take(now time.Time) error {
	if c.fds[1].Revents&^sys.POLLOUT != 0 {
		if err := c.hear(now); err != nil {
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

// mostLooks bounds how often tick looks: a client that never stops sending can't put
// its deadline off. That many reads empty the largest receive buffer.
const mostLooks = 128

// tick ends what the deadline ends, unless the client was in time. The process may have
// been stopped for long just before now: so what has come by then is taken in first.
func (c *child) tick(now time.Time) error {
	for range mostLooks {
		c.fds[0].Events, c.fds[1].Events = conn.Marks(c.conn.Want()), c.bus.marks()
		n, err := sys.Poll(c.fds[:], 0)
		c.env.WaitFailed(now, err)
		c.stat.Add(stat.SysWait, 1)
		if n == 0 {
			break
		}
		if err := c.take(now); err != nil {
			return err
		}
		c.more = c.conn.Flush(now)
		if !c.due(now) {
			return nil
		}
	}
	c.conn.Tick(now)
	return nil
}

// wait returns how many of the two descriptors are ready. After something came
// more is expected soon; only a child that waited in vain goes to sleep.
func (c *child) wait(now time.Time) (n int, err error) {
	c.fds[0].Events, c.fds[1].Events = conn.Marks(c.conn.Want()), c.bus.marks()
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
	if c.more {
		return 0
	}
	return conn.Until(conn.Sooner(c.conn.Deadline(), c.end), now)
}

func (c *child) count(ready int) {
	c.stat.Add(stat.SysWait, 1)
	c.stat.Add(stat.Rounds, 1)
	c.stat.Add(stat.Ready, ready)
}

// hear takes what the parent has sent.
func (c *child) hear(now time.Time) error {
	for range busBurst {
		m, ok, err := c.bus.receive()
		switch {
		case errors.Is(err, errEnded):
			c.orphaned(now)
			return nil
		case err != nil || !ok:
			return err
		}
		switch m.Kind {
		case shutdownKind:
			c.leave(now)
		case kickKind:
			c.conn.Kick(now)
		case tellKind:
			c.conn.SendOperatorText(now, m.Text)
		default:
			c.room.Deliver(now, &m)
		}
	}
	return nil
}

// leave begins the shutdown.
func (c *child) leave(now time.Time) {
	if c.end.IsZero() {
		c.end = now.Add(c.env.Grace)
		c.conn.Shutdown(now)
	}
}

// orphaned begins the shutdown because the parent is gone. If that happens in
// the middle of one, the parent was told to end at once, by a second signal.
func (c *child) orphaned(now time.Time) {
	c.fds[1].Fd = -1 // poll passes over it: it would stay readable
	c.bus.ended = true
	if !c.end.IsZero() {
		c.end = now
	}
	c.leave(now)
}

// settle sends what there is, and closes the connection when it is over.
func (c *child) settle(now time.Time) {
	if c.conn.FD >= 0 {
		c.relieve(now)
		c.more = c.conn.Flush(now)
		if c.conn.Want() == 0 {
			c.conn.Close()
			c.fds[0].Fd = -1
		}
	}
	c.bus.flush()
}

// done reports whether the connection is closed and all that it said is with the
// parent, or the grace time is over.
func (c *child) done(now time.Time) bool {
	return c.conn.FD < 0 && !c.bus.full() || !c.end.IsZero() && !now.Before(c.end)
}
