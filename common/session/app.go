package session

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// App is what a server serves. Its methods are called on the loop's goroutine
// and must never block. What they are handed is lent: it is valid until they
// return.
type App interface {
	// Request is a complete request. It is answered by c.Reply, now or later
	// (a long poll), or by c.Upgrade.
	Request(c *Conn, r *http1.Request, body []byte)
	// Open says that the WebSocket of c is open.
	Open(c *Conn)
	// Message is a WebSocket message: whole, or, where Upgrade was asked to
	// stream, a piece of one.
	Message(c *Conn, m Message)
	// Drained says that c's queue was full and has room again, so that a
	// streamed send can go on.
	Drained(c *Conn)
	// Timer says that the time given to c.SetTimer has come, or, where a request
	// waits for its answer, that the connection has to leave and can't wait for
	// it to come.
	Timer(c *Conn, now time.Time)
	// Gone says that c will call no other method again. It comes exactly once,
	// however the connection ended. code is what the peer's Close said, or
	// ws.NoStatus, ws.Abnormal, or zero where there was no WebSocket.
	Gone(c *Conn, code ws.Code)
}

// Teller is an App some of whose clients must get the operator's words in a form of their
// own. Without it they are a text message.
type Teller interface {
	// Tell sends text to the peer of c's open WebSocket. It reports false where there
	// is none.
	Tell(c *Conn, text []byte) bool
}

// Message is a WebSocket message or, streamed, a piece of one.
type Message struct {
	Text        bool
	First, Last bool // both are set on a message that comes whole

	lent []byte
	own  *gather
}

// Len is the number of bytes of the payload at hand.
func (m *Message) Len() int64 {
	if m.own != nil {
		return m.own.size
	}
	return int64(len(m.lent))
}

// Bytes returns the payload in one slice, lent. Of a message that came in more
// than one chunk this makes a copy.
func (m *Message) Bytes() []byte {
	if m.own == nil {
		return m.lent
	}
	return m.own.join()
}

// Take returns the payload for keeping, in the runs in which it arrived. A
// large message is handed over without a copy; of a small one that lay whole
// in the loop's buffer a copy is made.
func (m *Message) Take() [][]byte {
	if m.own == nil {
		return [][]byte{append([]byte(nil), m.lent...)}
	}
	m.own.taken = true
	return m.own.chunks
}
