package load

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

// phase is how far a connection is.
type phase byte

const (
	resting  phase = iota // no socket: it is not yet, or not now, its turn
	greeting              // WebSocket: the handshake; HTTP: the first request
	open                  // messages go and come
	leaving               // all is said; the server has to close
)

// conn is one connection of a worker, or, with churn, one after the other in the same place.
type conn struct {
	id    int // its number among the worker's; below Active: it sends
	fd    int
	phase phase
	armed bool // epoll watches for room to write

	sent, done int64   // messages
	times      []int64 // when the messages under way were sent, by number modulo depth; closed loop only
	begun      int64   // when the socket was made; with churn
	answers    int64   // messages that this socket has answered; with churn

	out  []byte // what of the messages begun is still to be sent: a part of the pool
	pong []byte // what goes out next, between messages

	reader ws.Reader
	head   []byte // of a response that came in pieces
	body   bool   // HTTP: within the body of a response
	pos    int    // bytes of the answer under way that have come and are right
}

// wrong is the error for an answer that isn't what was asked for.
func (c *conn) wrong(form string, args ...any) error {
	return fmt.Errorf("connection %d, message %d: %s", c.id, c.done, fmt.Sprintf(form, args...))
}

// match compares a piece of the answer with what it has to be.
func (c *conn) match(want, piece []byte) error {
	if len(piece) > len(want)-c.pos {
		return c.wrong("the answer is longer than the %d bytes that it should have", len(want))
	}
	if !bytes.Equal(piece, want[c.pos:c.pos+len(piece)]) {
		i := 0
		for piece[i] == want[c.pos+i] {
			i++
		}
		return c.wrong("byte %d of the answer is %#02x, and %#02x was sent", c.pos+i, piece[i], want[c.pos+i])
	}
	c.pos += len(piece)
	return nil
}

// flush sends what has been begun, and reports whether all of it went.
func (c *conn) flush() (all bool, err error) {
	for len(c.out) > 0 || len(c.pong) > 0 {
		p := &c.out
		if len(c.out) == 0 {
			p = &c.pong
		}
		n, errno := send(c.fd, *p)
		switch errno {
		case 0:
			*p = (*p)[n:]
		case unix.EINTR:
		case unix.EAGAIN, unix.EINPROGRESS, unix.ENOTCONN:
			return false, nil
		default:
			return false, fmt.Errorf("connection %d: send: %w", c.id, errno)
		}
	}
	return true, nil
}
