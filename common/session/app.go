package session

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// App is what a server serves. Its methods are called on the loop's goroutine
// and must never block. Their arguments are lent: they are valid until the method
// returns.
type App interface {
	// Request is called with a complete request. The application responds with
	// c.Respond, now or later (a long poll), or with c.Upgrade.
	Request(c *Conn, r *http1.Request, body []byte)
	// Open is called when the WebSocket of c is open.
	Open(c *Conn)
	// Message is called with a WebSocket message: whole, or a piece of one if
	// Upgrade was asked to stream.
	Message(c *Conn, m Message)
	// Drained is called when c's queue was full and has room again, so that a
	// streamed send can go on.
	Drained(c *Conn)
	// Timer is called when the time given to c.SetTimer has passed. It is called
	// earlier if the connection has to end and a response is still owed.
	Timer(c *Conn, now time.Time)
	// Gone is the last call for c. It comes exactly once, however the connection
	// ended. code is that of the peer's Close, or ws.NoStatus, ws.Abnormal, or zero
	// if there was no WebSocket.
	Gone(c *Conn, code ws.Code)
}

// OperatorTextSender is an App that sends the operator's text in a form of its own.
// Otherwise the text is a text message.
type OperatorTextSender interface {
	// SendOperatorText sends text to the peer of c's open WebSocket. It reports false if
	// there is none.
	SendOperatorText(c *Conn, text []byte) bool
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

// Bytes returns the payload in one slice, lent. It copies a message that arrived in
// more than one chunk.
func (m *Message) Bytes() []byte {
	if m.own == nil {
		return m.lent
	}
	return m.own.join()
}

// Take returns the payload in the buffers in which it arrived, and makes the
// application their owner. A large message is not copied; a small one that lies
// whole in the loop's buffer is.
func (m *Message) Take() [][]byte {
	if m.own == nil {
		return [][]byte{append([]byte(nil), m.lent...)}
	}
	m.own.taken = true
	return m.own.chunks
}
