package session

import (
	"time"

	"threeloops/common/outq"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Session is one connection without its socket. The package documentation has the contract with
// its driver. A Session is not safe for concurrent use.
type Session struct {
	cfg  *Config
	wake func()
	id   uint64
	data any // the application's state, see Conn.SetData

	out      outq.Queue
	incoming *request // the request that is arriving or postponed; nil between requests
	part     *gather  // the body or message that arrives in pieces, or a postponed request's body
	parked   *parked  // input read but not yet processed; nil: none
	frames   ws.Reader
	dialect  *dialect // nil for a plain WebSocket, and before the upgrade

	phaseSince instant // when the phase began; of an open WebSocket, when the last byte arrived
	progressAt instant // last write progress; 0 if the queue is empty
	appTimer   instant // when the application's timer is due; 0: never
	kickedAt   instant // when Kick was first called; 0: never

	unacked   int32 // bytes that the peer had not acknowledged at the last check
	ackChecks uint8 // checks since the peer last acknowledged a byte; 0: no check since a byte was sent

	phase           phase
	peerCloseCode   ws.Code // of the peer's Close
	queueFull       bool    // backpressure: the queue was too long, and isn't below LowWater yet
	paused          bool    // the application wants no input for now
	closeSent       bool    // our Close, and everything queued before it, is sent
	finReceived     bool    // the peer's FIN has arrived
	peerPromisedEnd bool    // the peer sent Connection: close, and nothing since
	stopping        bool    // Shutdown or Kick was called: no further request is served
	streamed        bool    // the application gets messages in pieces
	appNotified     bool    // the application has had a request of this connection, so it is owed Gone
	goneReported    bool    // Gone was called
	postponed       bool    // the application gets the current request again
	awaitsResume    bool    // the application gets it only after it has called Resume
	costly          bool    // the peer's input causes work for other connections

	// Of the current request. They decide the form of its response.
	closeAfterReply bool // the connection ends with the response
	keepAlive       bool // the response has Connection: keep-alive (HTTP/1.0)
	omitBody        bool // the method is HEAD: the response has no body
}

// Want is what a Session waits for. Zero means that it is over: close the descriptor.
type Want uint8

// Read and Write may be combined. Work may be added to them, or be alone: the connection has used
// up its share of the iteration and has input left. Then the driver doesn't wait, and calls
// Continue in the next iteration. Hold means none of these, but the connection isn't over: for
// example, the application owes a response, and the session has read as much as it may.
const (
	Read Want = 1 << iota
	Write
	Hold
	Work
)

// New returns the Session of a connection that was accepted at now. id is its number. The Session
// calls wake, which may be nil, whenever the application does something to it, because that may
// happen during a call for another connection. It calls wake on the loop's goroutine.
func New(cfg *Config, id uint64, now time.Time, wake func()) *Session {
	s := new(Session)
	s.Init(cfg, id, now, wake)
	return s
}

// Init does what New does, for a Session that is a field of a larger struct.
func (s *Session) Init(cfg *Config, id uint64, now time.Time, wake func()) {
	cfg.setNow(now)
	*s = Session{cfg: cfg, id: id, wake: wake, phaseSince: cfg.now}
	s.out.Init(&cfg.pool)
}

// ID is the number that New was given.
func (s *Session) ID() uint64 { return s.id }

// Phase is the name of the connection's phase.
func (s *Session) Phase() string { return s.phase.String() }

// Queued is the number of bytes that are queued and not yet sent.
func (s *Session) Queued() int64 { return s.out.Len() }

// Into returns the buffer for the next read: scratch or, within a long message, the memory in which
// the message is collected.
//
// All connections of a loop share one scratch buffer, so an idle connection owns none. But bytes in
// it must be copied if they belong to a message that isn't complete, because the next connection
// reads into the same buffer. Into avoids this copy for long messages.
func (s *Session) Into(scratch []byte) []byte {
	// A read into the message's memory must not bring more than the rest of the message. If scratch
	// is longer than the rest, one read may bring the rest and the next messages too, so it is
	// better.
	rest := s.expectedBytes()
	if rest < int64(len(scratch)) {
		return scratch
	}
	if s.part == nil {
		s.part = s.cfg.gather()
	}
	// Only the peer says how large rest is, so place returns as much memory as the bytes that have
	// arrived justify. If that is little, a read into scratch and a copy cost less than a further
	// call.
	p := s.part.place(0, rest)
	if len(p) < len(scratch)/2 {
		return scratch
	}
	return p[:min(rest, int64(len(p)), MaxRead)]
}

// MaxRead is the most bytes that one read may return, and scratch must not be longer. The limit
// keeps a client that sends large messages from occupying the loop.
const MaxRead = 256 << 10

// expectedBytes is the number of bytes that are certainly collected next: the rest of a frame, or
// of a body whose length is known. It is 0 if there are none.
func (s *Session) expectedBytes() int64 {
	switch {
	case s.phase.webSocket() && !s.streamed:
		return s.frames.Rest()
	case s.phase == body:
		n := s.incoming.Request().ContentLength()
		if s.part != nil {
			n -= s.part.size
		}
		return n
	}
	return 0
}

// Feed processes the bytes of one read: p, a prefix of what Into returned. Feed may change p,
// because it unmasks frames in place. It keeps no reference to p, so the caller may reuse the
// buffer when Feed returns.
//
// Feed never fails and always takes all of p. It processes requests or frames, and calls the
// application for each, until p is used up or something stops it (see process). Then it parks the
// rest: it copies the rest to memory of its own, and Want no longer asks to read. So however fast a
// client sends, at most one read waits here. Everything after it waits in the kernel's socket,
// where TCP slows the client down.
//
// It makes no difference how the client's bytes are divided into reads. The tests feed each trace
// whole, byte by byte and cut at random, and the responses must be equal.
//
// Feed only queues responses. The driver sends them in settle, so all responses to the messages of
// one read leave in one system call.
func (s *Session) Feed(now time.Time, p []byte) {
	s.cfg.setNow(now)
	// Half of an iteration's work may be spent on new input. The other half is reserved for the
	// connections that have parked input: they get their turn only in settle, after all reads.
	s.cfg.reserved = s.cfg.roundBudget / 2
	s.begin()
	s.cfg.Stat.Add(stat.BytesIn, len(p))
	s.cfg.roundLeft -= len(p) / bytesRead
	// Any byte shows that a WebSocket's peer is alive. The deadline is computed from phaseSince, so
	// moving it forward costs no timer operation. The HTTP phases don't do this: a client that
	// sends a request byte by byte must not get more time with each byte.
	switch s.phase {
	case open:
		s.phaseSince = s.cfg.now
	case pinged:
		s.transition(peerAlive)
	}
	// Nothing is parked here, because the driver reads only while Want has Read, and with parked
	// bytes Want doesn't have it. So the order of the bytes is kept, and at most one read is
	// parked.
	if rest := s.process(p); len(rest) > 0 {
		s.park(rest)
	}
}

// End tells the session that no further byte will arrive. err is nil after the peer's FIN, and
// otherwise the error of a read or a write. After an error the session is over, because nothing can
// be sent either. After a FIN the session first processes and answers the parked input: TCP lets a
// client close its own side and still read.
func (s *Session) End(now time.Time, err error) {
	s.cfg.setNow(now)
	switch {
	case s.phase == over:
	case err != nil:
		s.transition(failed)
	default:
		s.finReceived = true
		s.resumeInput()
	}
}

// Shutdown asks the session to finish the current request, and then to end. A WebSocket begins the
// closing handshake. A connection without a request stays open for a moment (idleAtShutdown).
func (s *Session) Shutdown(now time.Time) {
	s.cfg.setNow(now)
	s.stopping = true
	switch s.phase {
	case fresh, idle:
		s.phaseSince = s.cfg.now
	case reply:
		// The application waits for something that may never happen, such as the next message of a
		// long poll. Its timer is now due, so it responds with what it has.
		if s.appTimer != 0 {
			s.appTimer = s.cfg.now
		}
	case open, pinged:
		s.beginClose(ws.GoingAway, "")
	}
}

// Kick ends the connection in an orderly way, because the operator says so. A WebSocket gets a
// Close with code 1008. A connection that owes a response ends after that response. After
// CloseTimeout the connection ends in any case.
func (s *Session) Kick(now time.Time) {
	s.cfg.setNow(now)
	s.stopping = true
	if s.kickedAt == 0 {
		s.kickedAt = s.cfg.now
	}
	switch s.phase {
	case fresh, idle, head, body, challenge:
		s.transition(closeAfterFlush)
	case reply:
		if s.appTimer != 0 {
			s.appTimer = s.cfg.now
		}
	case open, pinged:
		s.beginClose(ws.PolicyViolation, "closed by the operator")
	}
}

// SendOperatorText queues text for the peer of an open WebSocket. It returns false if this isn't an
// open WebSocket.
func (s *Session) SendOperatorText(now time.Time, text []byte) bool {
	s.cfg.setNow(now)
	if app, ok := s.cfg.App.(OperatorTextSender); ok && s.mayFrame() {
		return app.SendOperatorText((*Conn)(s), text)
	}
	return (*Conn)(s).Send(true, text)
}

// Next returns what to send next, in one system call: at most len(v) buffers, a part of a file, or
// the FIN. The batch belongs to the queue until Sent. The driver calls Next and Sent in turn, until
// the batch is empty or the socket is full.
//
// Next also processes parked bytes, if nothing stops them any more. There are two reasons to do it
// here. First, the driver calls Next after each other call anyway. So the bytes need no new
// readable event, which might never come: the client may have sent all that it wanted to send.
// Second, the driver calls Next, and the application doesn't. If a method such as Conn.Respond
// processed the parked bytes itself, the application would be called from inside its own call.
func (s *Session) Next(v [][]byte) outq.Batch {
	s.resumeInput()
	s.cfg.count()
	// The queue is longest just before it is sent, so this is the place to measure it.
	s.cfg.Stat.Max(stat.QueueMost, int(s.out.Len()))
	b := s.out.Next(v)
	// The write timer starts when there is something to send. After that only Sent moves it. If
	// each call of Next did, the timer of a peer that reads nothing would never expire.
	if s.progressAt == 0 && !b.Empty() {
		s.progressAt = s.cfg.now
	}
	return b
}

// Sent tells the session that n bytes of the batch have been sent. They may be fewer than the batch
// has; the rest stays in the queue. n is 0 after a FIN. If the queue falls below LowWater,
// backpressure ends, and the application may send more (Drained).
func (s *Session) Sent(now time.Time, n int) {
	s.cfg.setNow(now)
	s.cfg.Stat.Add(stat.BytesOut, n)
	s.cfg.roundLeft -= callWork + n/bytesSent
	s.out.Sent(n)
	s.progressAt, s.ackChecks = s.cfg.now, 0
	if s.out.Idle() {
		s.progressAt = 0
		s.afterFlush()
	}
	// HighWater and LowWater are far apart, so that backpressure doesn't begin and end with each
	// write. The parked bytes aren't processed here. Next does it, which the driver calls after
	// Sent.
	if s.queueFull && s.out.Len() < LowWater && s.out.Files() < MaxFiles {
		s.queueFull = false
		if s.phase < closing {
			s.phaseSince = s.cfg.now // while the queue was full nothing was read
		}
		if s.mayFrame() {
			s.cfg.App.Drained((*Conn)(s))
		}
	}
}

// afterFlush is called when the last queued byte, or the FIN, has been sent.
//
// A lingering close waits for the peer's FIN before close(2). Without it, bytes that the peer still
// sends would cause a reset, and the peer could lose the end of our response. If the peer sends
// nothing more, it isn't needed. RFC 9112 9.6: "A client that sends the "close" connection option
// MUST NOT send further requests on that connection". RFC 6455 has the same rule after a Close
// frame, but a Ping may already be on its way, so a WebSocket lingers. A kicked peer lingers too:
// after close(2) the kernel could send the bytes in the socket for a long time, and
// CloseTimeout couldn't end it.
func (s *Session) afterFlush() {
	switch {
	case s.phase == closing && !s.closeSent, s.phase == idle:
		s.closeSent = s.phase == closing
		s.phaseSince = s.cfg.now // only now can the peer have our Close, or the response
	case s.phase == flush && s.out.Finished() && (s.peerPromisedEnd || s.finReceived) && s.kickedAt == 0:
		s.transition(finSentPeerDone)
	case s.phase == flush && s.out.Finished():
		s.transition(finSent)
	}
}

// Want is what the driver must wait for. Zero means that the session is over.
//
// Want is computed from the state and not stored, so it can't contradict the state. While a client
// and an echo exchange messages, Want is Read before and after each message. Then the driver
// changes nothing in the kernel: a message costs no epoll_ctl(2).
func (s *Session) Want() Want {
	if s.phase == over {
		return 0
	}
	want := Hold
	if !s.out.Idle() {
		want = Write
	}
	// While the application owes a response (phase reply), the session still reads once. Only if
	// the read brings something, these bytes are parked and Read is gone. So it notices the FIN or
	// the reset of a client that has given up. In phase flush it doesn't read, because input would
	// be discarded anyway; in linger it reads to discard it, until the peer's FIN.
	if s.phase != flush && !s.finReceived && !s.inputBlocked() && s.parked == nil && !s.holdsTooMuch() {
		want |= Read
	}
	if s.unfinished() {
		want |= Work
	}
	if want&^Hold != 0 {
		want &^= Hold
	}
	return want
}

// transition enters the phase that the table has for e. No other function changes the phase. What
// must happen at the beginning or end of a phase is here and not at the events. So every way into
// flush queues the FIN, and every way out of an open WebSocket calls Gone. If the table says that e
// can't happen in this phase, there is a bug in this package. It is counted, and ends this
// connection but not the server.
func (s *Session) transition(e event) {
	from, to := s.phase, transitions[s.phase][e]
	if to == never {
		s.cfg.Stat.Add(stat.Faults, 1)
		to = over
	}
	s.phase, s.phaseSince = to, s.cfg.now
	if s.cfg.Alone {
		s.cfg.Stat.Set(stat.Phase, int(to))
	}
	// From flush on no input is processed. So incomplete and parked input can be dropped, and the
	// FIN can be queued after the last response. Bytes that the peer sent after Connection: close
	// show that it doesn't keep its promise, so peerPromisedEnd must be computed before they are
	// dropped.
	if to >= flush {
		s.peerPromisedEnd = s.peerPromisedEnd && s.parked == nil
		s.dropInput()
		s.out.Fin()
	}
	if to == over {
		s.out.Drop()
		s.progressAt, s.appTimer = 0, 0
	}
	if from.webSocket() && !to.webSocket() || to >= linger {
		s.reportGone()
	}
}

// reportGone calls App.Gone, unless it was called before, or the application doesn't know this
// connection.
func (s *Session) reportGone() {
	if s.appNotified && !s.goneReported {
		s.goneReported = true
		s.cfg.App.Gone((*Conn)(s), s.peerCloseCode)
		s.data, s.appTimer = nil, 0
	}
}
