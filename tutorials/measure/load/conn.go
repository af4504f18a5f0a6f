package load

import (
	"bytes"
	"fmt"

	"golang.org/x/sys/unix"

	"threeloops/common/ws"
)

// phase is the state of a connection.
type phase byte

const (
	resting  phase = iota // no socket: not yet, or not now
	greeting              // during the WebSocket handshake, or the first HTTP request
	open                  // messages are sent and answered
	leaving               // all is sent and answered; the server must close
)

// conn is one connection of a worker. With churn it is one connection after another in the same
// place.
type conn struct {
	id    int // number among the worker's connections; those below Active send messages
	fd    int
	phase phase
	armed bool // whether epoll reports room to write

	sent, done int64   // messages sent, and messages answered
	times      []int64 // when the messages in flight were sent, by number modulo depth; only in a closed loop
	begun      int64   // when the socket was made; only with churn
	answers    int64   // messages that this socket has answered; only with churn

	out  []byte // bytes of messages not sent yet: a part of the pool
	pong []byte // bytes of a Pong to send next, between messages

	reader ws.Reader
	head   []byte // response head that has arrived only in part
	body   bool   // whether the content of an HTTP response is being received
	pos    int    // bytes of the current answer that have arrived and are correct
}

// wrong returns the error for an answer that isn't the expected one.
func (c *conn) wrong(form string, args ...any) error {
	return fmt.Errorf("connection %d, message %d: %s", c.id, c.done, fmt.Sprintf(form, args...))
}

// match compares a piece of the answer with the expected bytes.
func (c *conn) match(want, piece []byte) error {
	if len(piece) > len(want)-c.pos {
		return c.wrong("the answer is longer than the expected %d bytes", len(want))
	}
	if !bytes.Equal(piece, want[c.pos:c.pos+len(piece)]) {
		i := 0
		for piece[i] == want[c.pos+i] {
			i++
		}
		return c.wrong("byte %d of the answer is %#02x, want %#02x", c.pos+i, piece[i], want[c.pos+i])
	}
	c.pos += len(piece)
	return nil
}

// flush sends the messages that are begun, and reports whether it could send all bytes.
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
