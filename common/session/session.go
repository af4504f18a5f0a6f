package session

import (
	"time"

	"threeloops/common/outq"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Session is one connection without its socket. The package documentation has
// the contract with its driver. It is not safe for concurrent use.
type Session struct {
	cfg  *Config
	wake func()
	id   uint64
	data any // the application's

	out      outq.Queue
	incoming *request // arriving or postponed; nil between requests
	part     *gather  // the body or message that is arriving in pieces, or the body of a postponed request
	parked   *parked  // input read but not yet processed; nil: none
	frames   ws.Reader
	dialect  *dialect // nil for a WebSocket without extensions, and before there is one

	phaseSince instant // when the phase began; of an open WebSocket, when the last byte arrived
	progressAt instant // last write progress; 0 if the queue is empty
	appTimer   instant // when the application's timer is due; 0: never
	kickedAt   instant // when Kick was first called; 0: never

	unacked   int32 // bytes that the peer had not acknowledged at the last check
	ackChecks uint8 // checks since the peer acknowledged a byte; 0: none since a byte was sent

	phase           phase
	peerCloseCode   ws.Code // of the peer's Close
	queueFull       bool    // the queue reached HighWater or MaxFiles, and is not yet below LowWater and MaxFiles
	paused          bool    // the application wants no input for now
	closeSent       bool    // our Close, and everything queued before it, is sent
	finReceived     bool    // the peer's FIN has arrived
	peerPromisedEnd bool    // the peer sent Connection: close, and nothing since
	stopping        bool    // Shutdown or Kick was called: no further request is served
	streamed        bool    // the application gets messages in pieces
	appNotified     bool    // the application has had a request of this connection, so it is owed Gone
	goneReported    bool    // Gone was called
	postponed       bool    // the application gets the current request again
	awaitsResume    bool    // but not before it calls Resume
	costly          bool    // the peer's input causes work for other connections

	// Of the current request. They decide the form of its response.
	closeAfterReply bool // the connection ends with the response
	keepAlive       bool // the response has Connection: keep-alive (HTTP/1.0)
	omitBody        bool // the method is HEAD: the response has no body
}

// dialect is how a WebSocket differs from plain RFC 6455. Most don't differ, so
// Session has a pointer: an idle connection stays small.
type dialect struct {
	deflate *deflateState // nil: messages are not compressed
	hixie   *hixie        // nil: frames are those of RFC 6455, or of its drafts from hybi-07 on
}

func (s *Session) deflateState() *deflateState {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.deflate
}

func (s *Session) hixie() *hixie {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.hixie
}

// Want is what a Session waits for. Zero means that it is over: close the descriptor.
type Want uint8

// Read and Write may be combined, and Work may be added to either: the connection
// used up its share of the round and has input left, so call Continue in the next
// round, without waiting. Hold means none of these, but the connection isn't over:
// the application owes a response, and the session has read as much as it may.
const (
	Read Want = 1 << iota
	Write
	Hold
	Work
)

// New returns the Session of a connection accepted at now. id is its number.
// wake, which may be nil, is called whenever the application has done something
// to the Session outside of the driver's own calls, on the loop's goroutine.
func New(cfg *Config, id uint64, now time.Time, wake func()) *Session {
	s := new(Session)
	s.Init(cfg, id, now, wake)
	return s
}

// Init makes s what New returns. It serves a Session that is a field of a larger struct.
func (s *Session) Init(cfg *Config, id uint64, now time.Time, wake func()) {
	cfg.setNow(now)
	*s = Session{cfg: cfg, id: id, wake: wake, phaseSince: cfg.now}
	s.out.Init(&cfg.pool)
}

// ID is the number that New was given.
func (s *Session) ID() uint64 { return s.id }

// Phase is the name of the connection's phase.
func (s *Session) Phase() string { return s.phase.String() }

// Queued is the number of bytes that wait for the peer to read.
func (s *Session) Queued() int64 { return s.out.Len() }

// Into returns the buffer for the next read: scratch or, within a long message,
// the memory that receives the rest of it.
func (s *Session) Into(scratch []byte) []byte {
	rest := s.expectedBytes()
	if rest < int64(len(scratch)) {
		return scratch
	}
	if s.part == nil {
		s.part = s.cfg.gather()
	}
	p := s.part.place(0, rest)
	if len(p) < len(scratch)/2 {
		return scratch
	}
	return p[:min(rest, int64(len(p)), MaxRead)]
}

// MaxRead is the most bytes that one read may return; scratch must not be longer.
// So a sender of large messages can't keep the loop from other connections.
const MaxRead = 256 << 10

// expectedBytes is how many bytes must arrive and be collected next: the rest of a
// frame, or of a body of known length.
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

// Feed processes p, a prefix of what Into returned. Feed may change p, and keeps no
// reference to it: the caller may reuse it when Feed returns.
func (s *Session) Feed(now time.Time, p []byte) {
	s.cfg.setNow(now)
	s.cfg.reserved = s.cfg.roundBudget / 2
	s.begin()
	s.cfg.Stat.Add(stat.BytesIn, len(p))
	s.cfg.roundLeft -= len(p) / bytesRead
	switch s.phase {
	case open:
		s.phaseSince = s.cfg.now
	case pinged:
		s.transition(peerAlive)
	}
	if rest := s.process(p); len(rest) > 0 {
		s.park(rest)
	}
}

// End reports that no further byte will arrive: err is nil after the peer's FIN,
// otherwise the error of a read or a write. After an error nothing can be sent
// either.
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

// Shutdown asks the connection to finish its current request or message, and to end.
func (s *Session) Shutdown(now time.Time) {
	s.cfg.setNow(now)
	s.stopping = true
	switch s.phase {
	case fresh, idle:
		s.phaseSince = s.cfg.now
	case reply:
		if s.appTimer != 0 { // the application waits for something that may never happen
			s.appTimer = s.cfg.now
		}
	case open, pinged:
		s.beginClose(ws.GoingAway, "")
	}
}

// Kick ends the connection in good order: a WebSocket by its closing handshake,
// with code 1008; a connection that owes a response after that response. After
// CloseTimeout it ends in any case.
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

// SendOperatorText sends text to the peer of an open WebSocket. It reports false if
// there is none.
func (s *Session) SendOperatorText(now time.Time, text []byte) bool {
	s.cfg.setNow(now)
	if app, ok := s.cfg.App.(OperatorTextSender); ok && s.mayFrame() {
		return app.SendOperatorText((*Conn)(s), text)
	}
	return (*Conn)(s).Send(true, text)
}

// Next returns what to send next, in one system call; it has at most len(v)
// buffers. Next first processes parked bytes, if there is room for their responses.
func (s *Session) Next(v [][]byte) outq.Batch {
	s.resumeInput()
	s.cfg.count()
	s.cfg.Stat.Max(stat.QueueMost, int(s.out.Len()))
	b := s.out.Next(v)
	if s.progressAt == 0 && !b.Empty() {
		s.progressAt = s.cfg.now
	}
	return b
}

// Sent reports that n bytes of what Next returned have been sent; n is 0 after a
// FIN.
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

// afterFlush is called when the last queued byte, or the FIN, is sent. After a peer's
// promise to send nothing more there is no lingering close, unless the peer was kicked:
// the kernel could go on sending what its socket holds long after close(2).
//
// RFC 9112 9.6: "A client that sends the "close" connection option MUST NOT send
// further requests on that connection". RFC 6455 has the same rule after a Close
// frame, but a ping that was on its way would cause a reset, and the peer might lose
// our Close. So a WebSocket lingers.
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

// Want is what to wait for. Zero means that the session is over.
func (s *Session) Want() Want {
	if s.phase == over {
		return 0
	}
	want := Hold
	if !s.out.Idle() {
		want = Write
	}
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

// transition enters the phase that the table has for e.
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

func (s *Session) reportGone() {
	if s.appNotified && !s.goneReported {
		s.goneReported = true
		s.cfg.App.Gone((*Conn)(s), s.peerCloseCode)
		s.data, s.appTimer = nil, 0
	}
}
