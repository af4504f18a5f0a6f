package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"threeloops/common/cli"
	"threeloops/common/sock"
	"threeloops/common/stat"
)

// The descriptors that a child is born with, beside the standard three.
const (
	connFD  = 3
	busFD   = 4
	boardFD = 5
)

// birthEnv is the environment variable that makes the program a child. Its
// value is SLOT:ID, the child's slot on the board and its connection's number,
// which is 0 for a child that gets its connection later.
const birthEnv = "FORKSERV_CHILD"

// birth is what a child is told by its parent.
type birth struct {
	slot int
	id   uint64
}

func (b birth) String() string { return fmt.Sprintf("%d:%d", b.slot, b.id) }

// born reports whether this process is a child.
func born() (b birth, ok bool) {
	slot, id, ok := strings.Cut(os.Getenv(birthEnv), ":")
	if !ok {
		return birth{}, false
	}
	var bad1, bad2 error
	b.slot, bad1 = strconv.Atoi(slot)
	b.id, bad2 = strconv.ParseUint(id, 10, 64)
	return b, bad1 == nil && bad2 == nil
}

// child is the loop of one connection. It watches two descriptors: the
// connection and the bus.
type child struct {
	env  *cli.Env
	stat *stat.Slot
	fds  [2]sock.PollFD // the connection, the bus
	bus  sock.Bus
	conn *sock.Conn
	more bool      // there is more to send at once
	end  time.Time // of the grace time; zero: not shutting down
}

// serve serves the child's one connection.
func (b birth) serve(env *cli.Env) error {
	signal.Ignore(syscall.SIGHUP) // it is for the parent, to read the lists anew
	board, err := sock.OpenBoard(boardFD)
	if err != nil {
		return err
	}
	c := &child{env: env, stat: &board[b.slot], bus: sock.Bus{FD: busFD}}
	io := env.NewIO(c.stat)
	fd := connFD
	if b.id == 0 {
		if fd, b.id, err = c.await(); fd < 0 {
			return err
		}
	}
	now := time.Now()
	room := env.NewLocal()
	cfg, receiver := env.Sessions(board, b.slot, room)
	room.Attach(receiver)
	c.conn = sock.NewConn(fd, b.id, io, cfg, now, alone)
	c.fds = [2]sock.PollFD{{Fd: int32(fd)}, {Fd: busFD, Events: sock.POLLIN}}
	return c.run()
}

// alone is what a connection without others has for a wake-up call: whatever the
// application does happens in the loop's own calls.
func alone(*sock.Conn) {}

// await waits for the connection of a child that was started in advance. It
// returns a negative descriptor when there won't be one.
func (c *child) await() (fd int, id uint64, err error) {
	for {
		bus := []sock.PollFD{{Fd: busFD, Events: sock.POLLIN}}
		if _, err := sock.Poll(bus, sock.Forever); err != nil {
			return -1, 0, err
		}
		fd, id, err = c.bus.RecvConn()
		switch {
		case errors.Is(err, sock.ErrBusEnd):
			return -1, 0, nil
		case fd >= 0 || err != nil:
			return fd, id, err
		}
	}
}

// run is the loop: wait, take in, tick, settle.
func (c *child) run() error {
	for now := time.Now(); !c.done(now); {
		c.fds[0].Events = sock.Marks(c.conn.Want())
		n, err := sock.Poll(c.fds[:], c.timeout(now))
		if err != nil {
			return err
		}
		now = time.Now()
		c.count(n)
		if c.fds[1].Revents != 0 {
			c.leave(now)
		}
		if c.fds[0].Revents&^sock.POLLOUT != 0 {
			c.conn.ReadOnce(now)
		}
		if d := c.conn.Deadline(); !d.IsZero() && !d.After(now) {
			c.conn.Tick(now)
		}
		c.settle(now)
	}
	return nil
}

// timeout is how long the next wait may last.
func (c *child) timeout(now time.Time) time.Duration {
	if c.more {
		return 0
	}
	return sock.Until(sock.Sooner(c.conn.Deadline(), c.end), now)
}

func (c *child) count(ready int) {
	c.stat.Add(stat.SysWait, 1)
	c.stat.Add(stat.Rounds, 1)
	c.stat.Add(stat.Ready, ready)
}

// settle sends what there is, and closes the connection when it is over.
func (c *child) settle(now time.Time) {
	c.more = c.conn.Flush(now)
	if c.conn.Want() == 0 {
		c.conn.Close()
	}
}

// leave begins the shutdown: the parent has asked for it, or is gone. A parent
// that asks and then is gone was itself told to end at once, by a second signal.
func (c *child) leave(now time.Time) {
	asked := !c.end.IsZero()
	if !c.bus.Heard() {
		c.fds[1].Fd = -1 // poll passes over it: it would stay readable
		if asked {
			c.end = now
		}
	}
	if !asked {
		c.end = now.Add(c.env.Grace)
		c.conn.Shutdown(now)
	}
}

// done reports whether the connection is closed, or the grace time over.
func (c *child) done(now time.Time) bool {
	return c.conn.FD < 0 || !c.end.IsZero() && !now.Before(c.end)
}
