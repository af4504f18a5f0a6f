package session

import (
	"time"

	"threeloops/common/ws"
)

// Conn is the application's face of a Session. Its methods may be called from
// any callback on the same loop, also for another connection than the one that
// the callback is about.
type Conn Session

// ID is the connection's number, from 1, never used again.
func (c *Conn) ID() uint64 { return c.id }

// Now is the time of the call under way.
func (c *Conn) Now() time.Time { return c.cfg.wall }

// At says what time it is, to all of c's loop: where the application is called
// by others than a Session, none has told.
func (c *Conn) At(now time.Time) { c.cfg.tell(now) }

// SetData keeps the application's state with the connection.
func (c *Conn) SetData(v any) { c.data = v }

// Data returns what SetData was given last.
func (c *Conn) Data() any { return c.data }

// Send queues a WebSocket message, which it copies or compresses. It reports
// false, and does nothing, where there is no open WebSocket. A peer that speaks
// hixie knows text alone: sent anything else it is closed, as by Close with
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

// SendPiece queues a fragment of a WebSocket message, which it copies: the
// message's first, its last, both, or neither. Fragments are not compressed.
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
	if !first || !last || !s.deflated(text, int64(len(p)), p) {
		h := ws.Header{Fin: last, Opcode: opcode(text, first)}
		s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	}
	s.sentMessage(last)
	return true
}

// SendRuns queues a WebSocket message without a copy, unless it is compressed.
// The runs must never be written to again; they may be queued for other
// connections too.
func (c *Conn) SendRuns(text bool, runs [][]byte) bool {
	s := (*Session)(c)
	if !s.mayFrame() {
		return false
	}
	if s.hixie() != nil {
		return s.shareHixie(text, runs)
	}
	h := ws.Header{Fin: true, Opcode: opcode(text, true)}
	for _, p := range runs {
		h.Length += int64(len(p))
	}
	if !s.deflated(text, h.Length, runs...) {
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		for _, p := range runs {
			s.out.Share(p)
		}
	}
	s.sentMessage(true)
	return true
}

// Forward queues m, a whole message that this or another connection of the same
// loop has received, and takes over a large one, without a copy. It reports false
// where there is no open WebSocket.
func (c *Conn) Forward(m *Message) bool {
	s := (*Session)(c)
	switch {
	case m.own == nil:
		return c.Send(m.Text, m.lent)
	case s.hixie() != nil:
		return c.SendRuns(m.Text, m.Take())
	case !s.mayFrame():
		return false
	}
	if !s.deflated(m.Text, m.own.size, m.own.chunks...) {
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

// Full reports whether the queue is above high water. A streamed send stops
// then and goes on in App.Drained.
func (c *Conn) Full() bool { return c.full }

// Pause asks that nothing more be read from a WebSocket until Pause(false): the
// application can't keep up with what it says. What has been read meanwhile
// waits, and no silence is held against the peer.
func (c *Conn) Pause(on bool) {
	if c.paused && !on {
		c.since = c.cfg.now // while it was paused nothing could be heard
	}
	c.paused = on
	(*Session)(c).called()
}

// LimitMessages makes n the most bytes that a message of the peer's WebSocket
// may have from now on, in place of Config.MaxMessage. It is for App.Open.
func (c *Conn) LimitMessages(n int64) {
	n = min(n, c.cfg.MaxMessage)
	c.frames.SetLimit(n)
	if h := (*Session)(c).hixie(); h != nil {
		h.frames.SetLimit(n)
	}
}

// Queued is the number of bytes that wait for the peer to read.
func (c *Conn) Queued() int64 { return c.out.Len() }

// Held is about how many bytes of memory c holds on to, its queue above all.
func (c *Conn) Held() int64 { return (*Session)(c).Held() }

// Files is how many files wait to be sent to c.
func (c *Conn) Files() int { return c.out.Files() }

// PutOff is in place of an answer, within App.Request: App.Request is called again
// with the same request in the loop's next round, or as soon as the round has work
// left for something costly.
func (c *Conn) PutOff() { c.putOff, c.awaits = c.phase == reply, false }

// Await is PutOff until Resume is called.
func (c *Conn) Await() { c.putOff, c.awaits = c.phase == reply, c.phase == reply }

// Resume follows Await: the request can be asked again.
func (c *Conn) Resume() {
	c.awaits = false
	(*Session)(c).called()
}

// Close begins the closing handshake of a WebSocket. App.Gone follows when the
// peer has answered, or has failed to.
func (c *Conn) Close(code ws.Code, reason string) {
	s := (*Session)(c)
	if s.mayFrame() {
		s.goodbye(code, reason)
		s.called()
	}
}

// SetTimer asks for one call of App.Timer when d has passed, in place of any
// asked for before. Zero or less asks for none. A request that came when the
// connection has to leave can't wait: its timer is due at once.
func (c *Conn) SetTimer(d time.Duration) {
	c.timer = 0
	if c.leaving && c.phase == reply {
		d = min(d, 1)
	}
	if d > 0 && !c.gone {
		c.timer = c.cfg.now.after(d)
	}
	(*Session)(c).called()
}

// mayFrame reports whether data frames may still be sent. RFC 6455 5.5.1: "The
// application MUST NOT send any more data frames after sending a Close frame."
func (s *Session) mayFrame() bool { return s.phase == open || s.phase == pinged }

func (s *Session) sentMessage(last bool) {
	if last {
		s.cfg.sent++
	}
	s.called()
}

// called follows every change that the application makes: the driver has to
// look at this session again, although nothing has happened on its socket.
func (s *Session) called() {
	s.full = s.full || s.out.Len() >= HighWater
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
