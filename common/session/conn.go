package session

import (
	"time"

	"threeloops/common/ws"
)

// Conn is the application's view of a Session. The application may call its methods from any
// callback on the same loop, also from a callback for another connection. The methods only change
// the state and queue bytes. They never send, and never call the application.
type Conn Session

// ID is the connection's number, from 1 on. A number is never reused.
func (c *Conn) ID() uint64 { return c.id }

// Now is the time of the current call.
func (c *Conn) Now() time.Time { return c.cfg.wall }

// SetNow sets the time for the whole loop of c. The application needs it when its caller isn't a
// Session, because only a Session sets the time.
func (c *Conn) SetNow(now time.Time) { c.cfg.setNow(now) }

// SetData stores the application's state of this connection.
func (c *Conn) SetData(v any) { c.data = v }

// Data returns the value that SetData was called with last.
func (c *Conn) Data() any { return c.data }

// Send queues a WebSocket message, which it copies or compresses. If there is no open WebSocket, it
// does nothing and returns false. A hixie peer can only receive text: any other message closes the
// WebSocket, as Close does with ws.UnsupportedData.
func (c *Conn) Send(text bool, p []byte) bool {
	s := (*Session)(c)
	// A short message without extensions is written directly into the queue's buffer: the shortest
	// way for the most frequent case.
	if s.dialect != nil || len(p) > ws.MaxShort || !s.mayFrame() {
		return c.SendPiece(text, p, true, true)
	}
	s.out.Commit(ws.AppendShort(s.out.Room(ws.MaxHeader+len(p)), opcode(text, true), p))
	s.sentMessage(true)
	return true
}

// SendPiece queues a copy of a fragment of a WebSocket message. first and last report whether p is
// the first or the last fragment. A message in several fragments is not compressed.
//
// RFC 6455 5.4: "An unfragmented message consists of a single frame with the
// FIN bit set and an opcode other than 0."
func (c *Conn) SendPiece(text bool, p []byte, first, last bool) bool {
	s := (*Session)(c)
	if !s.mayFrame() {
		return false
	}
	if s.hixie() != nil {
		return s.sendHixie(text, p, first, last)
	}
	if !first || !last || !s.queueDeflated(text, int64(len(p)), p) {
		h := ws.Header{Fin: last, Opcode: opcode(text, first)}
		s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	}
	s.sentMessage(last)
	return true
}

// SendBuffers queues a WebSocket message that consists of several buffers. It copies nothing,
// unless it compresses the message. Nobody may write to the buffers again. They may be queued on
// other connections too.
func (c *Conn) SendBuffers(text bool, buffers [][]byte) bool {
	s := (*Session)(c)
	if !s.mayFrame() {
		return false
	}
	if s.hixie() != nil {
		return s.shareHixie(text, buffers)
	}
	h := ws.Header{Fin: true, Opcode: opcode(text, true)}
	for _, p := range buffers {
		h.Length += int64(len(p))
	}
	if !s.queueDeflated(text, h.Length, buffers...) {
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		for _, p := range buffers {
			s.out.Share(p)
		}
	}
	s.sentMessage(true)
	return true
}

// Forward queues m, a whole message that this or another connection of the same loop has received.
// It copies a small message. A large one isn't copied: its memory then belongs to the queue.
// Forward returns false if there is no open WebSocket.
func (c *Conn) Forward(m *Message) bool {
	s := (*Session)(c)
	switch {
	case m.own == nil:
		return c.Send(m.Text, m.lent)
	case s.hixie() != nil:
		return c.SendBuffers(m.Text, m.Take())
	case !s.mayFrame():
		return false
	}
	if !s.queueDeflated(m.Text, m.own.size, m.own.chunks...) {
		h := ws.Header{Fin: true, Opcode: opcode(m.Text, true), Length: m.own.size}
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		for i, p := range m.own.chunks {
			s.out.Adopt(p)
			m.own.chunks[i] = nil
		}
	}
	s.sentMessage(true)
	return true
}

// Full reports whether the queue has reached HighWater. Then an application that sends a long
// message in pieces should stop. App.Drained tells it to continue.
func (c *Conn) Full() bool { return c.queueFull }

// Pause(true) stops reading from a WebSocket until Pause(false), because the application can't keep
// up with the peer. Input that was already read is parked, and the idle timeout doesn't run.
func (c *Conn) Pause(on bool) {
	if c.paused && !on {
		c.phaseSince = c.cfg.now // while it was paused nothing was read
	}
	c.paused = on
	(*Session)(c).wakeDriver()
}

// LimitMessages sets the most bytes of each further message from the peer to n, if that is less
// than Config.MaxMessage. It is meant for App.Open.
func (c *Conn) LimitMessages(n int64) {
	n = min(n, c.cfg.MaxMessage)
	c.frames.SetLimit(n)
	if h := (*Session)(c).hixie(); h != nil {
		h.frames.SetLimit(n)
	}
}

// Queued is the number of bytes that are queued and not yet sent.
func (c *Conn) Queued() int64 { return c.out.Len() }

// Held is approximately how many bytes of memory c holds, mostly in its queue.
func (c *Conn) Held() int64 { return (*Session)(c).Held() }

// Files is the number of files that wait to be sent to c.
func (c *Conn) Files() int { return c.out.Files() }

// Postpone may be called in App.Request, instead of a response. The session then calls App.Request
// again with the same request, as soon as an iteration has work left for something costly.
func (c *Conn) Postpone() { c.postponed, c.awaitsResume = c.phase == reply, false }

// Await does what Postpone does, but App.Request isn't called again before Resume.
func (c *Conn) Await() { c.postponed, c.awaitsResume = c.phase == reply, c.phase == reply }

// Resume ends Await, so App.Request can be called again.
func (c *Conn) Resume() {
	c.awaitsResume = false
	(*Session)(c).wakeDriver()
}

// Close begins the closing handshake of a WebSocket. App.Gone is called after the peer's Close, or
// after CloseTimeout.
func (c *Conn) Close(code ws.Code, reason string) {
	s := (*Session)(c)
	if s.mayFrame() {
		s.beginClose(code, reason)
		s.wakeDriver()
	}
}

// SetTimer requests one call of App.Timer when d has passed, and replaces an earlier timer. If d is
// zero or less, there is no timer. If the connection is stopping and a response is owed, the timer
// is due immediately.
func (c *Conn) SetTimer(d time.Duration) {
	c.appTimer = 0
	if c.stopping && c.phase == reply {
		d = min(d, 1)
	}
	if d > 0 && !c.goneReported {
		c.appTimer = c.cfg.now.after(d)
	}
	(*Session)(c).wakeDriver()
}

// mayFrame reports whether data frames may still be sent. RFC 6455 5.5.1: "The
// application MUST NOT send any more data frames after sending a Close frame."
func (s *Session) mayFrame() bool { return s.phase == open || s.phase == pinged }

// sentMessage is called when a message, or a piece of one, is queued. last reports the end of a
// message.
func (s *Session) sentMessage(last bool) {
	if last {
		s.cfg.uncountedMessages++
	}
	s.wakeDriver()
}

// wakeDriver is called after each change that the application makes. The driver must settle this
// session then, even if nothing has happened on its socket: the application may have acted during a
// call for another connection. Each of these calls may also be the one that fills the queue, so
// backpressure begins here.
func (s *Session) wakeDriver() {
	s.queueFull = s.queueFull || s.out.Len() >= HighWater
	if s.wake != nil {
		s.wake()
	}
}

func opcode(text, first bool) ws.Opcode {
	switch {
	case !first:
		return ws.Continuation
	case text:
		return ws.Text
	}
	return ws.Binary
}
