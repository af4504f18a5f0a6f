package session

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// App is an application: it decides how requests and messages are answered. Its methods are called
// on the loop's goroutine, and must never block. Their arguments are lent: they are valid until the
// method returns.
type App interface {
	// Request is called with a complete request. The application responds with
	// c.Respond, now or later (a long poll), or with c.Upgrade.
	Request(c *Conn, r *http1.Request, body []byte)
	// Open is called when the WebSocket of c is open.
	Open(c *Conn)
	// Message is called with a whole WebSocket message. If Upgrade was called with streamed, it is
	// called with each piece of a message.
	Message(c *Conn, m Message)
	// Drained is called when the queue of c was full and has room again, so that the application
	// can send the next piece of a long message.
	Drained(c *Conn)
	// Timer is called when the time given to c.SetTimer has passed. It is called
	// earlier if the connection has to end and a response is still owed.
	Timer(c *Conn, now time.Time)
	// Gone is the last call for c. It is called exactly once, however the connection ends. code is
	// the code of the peer's Close; ws.NoStatus if that Close had no code; ws.Abnormal if there was
	// no Close; or zero if there was no WebSocket.
	Gone(c *Conn, code ws.Code)
}

// OperatorTextSender is an App that sends the operator's text in its own form. Other Apps send the
// text as a text message.
type OperatorTextSender interface {
	// SendOperatorText sends text to the peer of c's open WebSocket. It returns false if there is
	// no open WebSocket.
	SendOperatorText(c *Conn, text []byte) bool
}

// Message is a WebSocket message, or a piece of one if the WebSocket is streamed.
type Message struct {
	Text        bool
	First, Last bool // both are true for a whole message

	lent []byte
	own  *gather
}

// Len is the length in bytes of the payload, or of this piece of it.
func (m *Message) Len() int64 {
	if m.own != nil {
		return m.own.size
	}
	return int64(len(m.lent))
}

// Bytes returns the payload in one slice, which is lent. It copies a payload that is in several
// chunks.
func (m *Message) Bytes() []byte {
	if m.own == nil {
		return m.lent
	}
	return m.own.join()
}

// Take returns the payload in the buffers in which it was collected. From then on they belong to
// the application. A large message isn't copied. A message that is still in the loop's read buffer
// is copied.
func (m *Message) Take() [][]byte {
	if m.own == nil {
		return [][]byte{append([]byte(nil), m.lent...)}
	}
	m.own.taken = true
	return m.own.chunks
}
