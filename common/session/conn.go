package session

import (
	"time"

	"threeloops/common/ws"
)

// Conn is the application's view of a Session. Its methods may be called from any
// callback on the same loop, also from another connection's callback.
type Conn Session

// ID is the connection's number, from 1 on. A number is never reused.
func (c *Conn) ID() uint64 { return c.id }

// Now is the time of the current call.
func (c *Conn) Now() time.Time { return c.cfg.wall }

// SetNow sets the time for all of c's loop. The application needs it when its caller
// isn't a Session, which would have set the time.
func (c *Conn) SetNow(now time.Time) { c.cfg.setNow(now) }

// SetData keeps the application's state with the connection.
func (c *Conn) SetData(v any) { c.data = v }

// Data returns what SetData was given last.
func (c *Conn) Data() any { return c.data }

// Send queues a WebSocket message, which it copies or compresses. It reports
// false, and does nothing, if there is no open WebSocket. A hixie peer can receive
// text only: any other message closes the WebSocket, as Close does with
// ws.UnsupportedData.
func (c *Conn) Send(text bool, p []byte) bool {
	s := (*Session)(c)
	if s.dialect != nil || len(p) > ws.MaxShort || !s.mayFrame() {
		return c.SendPiece(text, p, true, true)
	}
	s.out.Commit(ws.AppendShort(s.out.Room(ws.MaxHeader+len(p)), opcode(text, true), p))
	s.sentMessage(true)
	return true
}

// SendPiece queues a copy of a fragment of a WebSocket message: the message's
// first, its last, both, or neither. Fragments are not compressed.
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

// SendBuffers queues a WebSocket message that consists of several buffers, without a
// copy unless it is compressed. Nobody may write to the buffers again; they may be
// queued on other connections too.
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

// Forward queues m, a whole message that this or another connection of the same
// loop has received. The queue becomes the owner of a large one, without a copy.
// Forward reports false if there is no open WebSocket.
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

// Full reports whether the queue has reached HighWater. A streamed send then stops
// and goes on in App.Drained.
func (c *Conn) Full() bool { return c.queueFull }

// Pause stops reading from a WebSocket until Pause(false): the application can't keep
// up with the peer. Input that is already read is parked, and the idle timeout
// doesn't run.
func (c *Conn) Pause(on bool) {
	if c.paused && !on {
		c.phaseSince = c.cfg.now // while it was paused nothing was read
	}
	c.paused = on
	(*Session)(c).wakeDriver()
}

// LimitMessages sets the most bytes of a further message from the peer to n, instead
// of Config.MaxMessage. It is meant for App.Open.
func (c *Conn) LimitMessages(n int64) {
	n = min(n, c.cfg.MaxMessage)
	c.frames.SetLimit(n)
	if h := (*Session)(c).hixie(); h != nil {
		h.frames.SetLimit(n)
	}
}

// Queued is the number of bytes that wait for the peer to read.
func (c *Conn) Queued() int64 { return c.out.Len() }

// Held is approximately how many bytes of memory c holds, mostly in its queue.
func (c *Conn) Held() int64 { return (*Session)(c).Held() }

// Files is how many files wait to be sent to c.
func (c *Conn) Files() int { return c.out.Files() }

// Postpone replaces a response within App.Request: App.Request is called again with
// the same request in the loop's next round, or as soon as the round has work left
// for something costly.
func (c *Conn) Postpone() { c.postponed, c.awaitsResume = c.phase == reply, false }

// Await is Postpone until Resume is called.
func (c *Conn) Await() { c.postponed, c.awaitsResume = c.phase == reply, c.phase == reply }

// Resume ends Await: App.Request can be called again.
func (c *Conn) Resume() {
	c.awaitsResume = false
	(*Session)(c).wakeDriver()
}

// Close begins the closing handshake of a WebSocket. App.Gone follows the peer's
// Close, or the timeout.
func (c *Conn) Close(code ws.Code, reason string) {
	s := (*Session)(c)
	if s.mayFrame() {
		s.beginClose(code, reason)
		s.wakeDriver()
	}
}

// SetTimer requests one call of App.Timer when d has passed, and replaces an earlier
// timer. Zero or less means no timer. If the connection is stopping and a response is
// owed, the timer is due immediately.
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

func (s *Session) sentMessage(last bool) {
	if last {
		s.cfg.uncountedMessages++
	}
	s.wakeDriver()
}

// wakeDriver is called after each change that the application makes: the driver has to
// settle this session, although nothing has happened on its socket.
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
