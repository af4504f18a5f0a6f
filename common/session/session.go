package session

import (
	"time"

	"threeloops/common/outq"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Session is one connection without its socket. See the package's
// documentation for the contract with whoever drives it. It is not safe for
// concurrent use.
type Session struct {
	cfg  *Config
	wake func()
	id   uint64
	data any // the application's

	out     outq.Queue
	in      *request // that is arriving or put off; nil between requests
	part    *gather  // of the body or message that is arriving in pieces, or of a request put off
	parked  *parked  // read, but not yet taken in; nil: nothing is
	frames  ws.Reader
	dialect *dialect // nil for a WebSocket without extensions, and before there is one

	since    instant // when the phase began; of an open WebSocket, when a byte came last
	progress instant // when the peer last took a byte of what is queued; 0: nothing is
	timer    instant // the application's
	kicked   instant // when Kick was called first; 0: never

	unacked int32 // bytes that the peer had not acknowledged when it was looked at last
	looked  uint8 // how often it was looked at, since it took a byte; 0: not since one was sent

	phase    phase
	code     ws.Code // of the peer's Close
	full     bool    // at high water or MaxFiles, and not yet below LowWater and MaxFiles
	paused   bool    // the application wants no further input for now
	told     bool    // our Close, with all before it, is sent
	finCame  bool    // the peer has sent its last byte
	saidBye  bool    // the peer has promised to send nothing more, and has kept it so far
	leaving  bool    // Shutdown was called: no further request
	streamed bool    // messages go to the application in pieces
	known    bool    // the application has seen this connection
	gone     bool    // and was told that it is gone
	putOff   bool    // the application is to be asked the request in hand again
	awaits   bool    // but not before it says Resume
	costly   bool    // what the peer sends costs others

	// Of the request in hand, for the reply to it.
	last      bool // the connection ends with the reply
	keepAlive bool // and does not, of which an HTTP/1.0 client has to be told
	headOnly  bool // HEAD: the reply has no body
}

// dialect is what a WebSocket speaks beside, or instead of, plain RFC 6455. Most
// speak nothing else, and an idle one shall be small.
type dialect struct {
	zip   *zip   // nil: messages are not compressed
	hixie *hixie // nil: frames are those of RFC 6455, or of its drafts from hybi-07 on
}

func (s *Session) zip() *zip {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.zip
}

func (s *Session) hixie() *hixie {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.hixie
}

// Want is what a Session waits for. Zero: it is over, close the descriptor.
type Want uint8

// Read and Write may be combined, and Work may be added to either: there is input
// left over when the connection had its share of the round, so Continue it in the
// next one, without waiting. Hold is none of these, and yet not the end: the
// application owes an answer, and all there is room for has been read.
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

// Init makes s what New returns, for a Session that is part of something larger.
func (s *Session) Init(cfg *Config, id uint64, now time.Time, wake func()) {
	cfg.tell(now)
	*s = Session{cfg: cfg, id: id, wake: wake, since: cfg.now}
	s.out.Init(&cfg.pool)
}

// ID is the number that New was given.
func (s *Session) ID() uint64 { return s.id }

// Phase names the phase that the connection is in, for people.
func (s *Session) Phase() string { return s.phase.String() }

// Queued is the number of bytes that wait for the peer to read.
func (s *Session) Queued() int64 { return s.out.Len() }

// Into returns where the next read should go: scratch, or, in the middle of a
// long message, the place where exactly the rest of it belongs.
func (s *Session) Into(scratch []byte) []byte {
	rest := s.expected()
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

// MaxRead is the most bytes that one read may bring, scratch being no longer: a
// sender of large messages shall not keep the loop from the others.
const MaxRead = 256 << 10

// expected is how many bytes must come, and be collected, before anything else
// can: the rest of a frame or of a body of known length.
func (s *Session) expected() int64 {
	switch {
	case s.phase.webSocket() && !s.streamed:
		return s.frames.Rest()
	case s.phase == body:
		n := s.in.Request().ContentLength()
		if s.part != nil {
			n -= s.part.size
		}
		return n
	}
	return 0
}

// Feed takes in p, a prefix of what Into returned. It is taken whole, and only
// lent: the caller may use it again at once. It may be scribbled on.
func (s *Session) Feed(now time.Time, p []byte) {
	s.cfg.tell(now)
	s.cfg.reserve = s.cfg.full / 2
	s.begin()
	s.cfg.Stat.Add(stat.BytesIn, len(p))
	s.cfg.round -= len(p) / bytesRead
	switch s.phase {
	case open:
		s.since = s.cfg.now
	case pinged:
		s.turn(heard)
	}
	if rest := s.take(p); len(rest) > 0 {
		s.park(rest)
	}
}

// End says that no further byte will come: err is nil after the peer's FIN, and
// otherwise tells why a read or a write failed. After an error nothing can be
// sent either.
func (s *Session) End(now time.Time, err error) {
	s.cfg.tell(now)
	switch {
	case s.phase == over:
	case err != nil:
		s.turn(failed)
	default:
		s.finCame = true
		s.resume()
	}
}

// Shutdown asks the connection to finish what is under way and to leave.
func (s *Session) Shutdown(now time.Time) {
	s.cfg.tell(now)
	s.leaving = true
	switch s.phase {
	case fresh, idle:
		s.since = s.cfg.now
	case reply:
		if s.timer != 0 { // the application waits for something that may not come any more
			s.timer = s.cfg.now
		}
	case open, pinged:
		s.goodbye(ws.GoingAway, "")
	}
}

// Kick ends the connection as soon as it can be done in good order: a WebSocket
// by its closing handshake, with code 1008, a request in hand by its reply. After
// CloseTimeout it ends in any case.
func (s *Session) Kick(now time.Time) {
	s.cfg.tell(now)
	s.leaving = true
	if s.kicked == 0 {
		s.kicked = s.cfg.now
	}
	switch s.phase {
	case fresh, idle, head, body, challenge:
		s.turn(lastWord)
	case reply:
		if s.timer != 0 {
			s.timer = s.cfg.now
		}
	case open, pinged:
		s.goodbye(ws.PolicyViolation, "closed by the operator")
	}
}

// Tell sends text to the peer of an open WebSocket. It reports false where
// there is none.
func (s *Session) Tell(now time.Time, text []byte) bool {
	s.cfg.tell(now)
	if app, ok := s.cfg.App.(Teller); ok && s.mayFrame() {
		return app.Tell((*Conn)(s), text)
	}
	return (*Conn)(s).Send(true, text)
}

// Next offers what should be sent next, in one system call; v limits the number
// of its runs. It first takes in parked bytes, if there is room for their
// answers.
func (s *Session) Next(v [][]byte) outq.Batch {
	s.resume()
	s.cfg.count()
	s.cfg.Stat.Max(stat.QueueMost, int(s.out.Len()))
	b := s.out.Next(v)
	if s.progress == 0 && !b.Empty() {
		s.progress = s.cfg.now
	}
	return b
}

// Sent takes note that n bytes of what Next offered have been sent; n is 0
// after a full stop.
func (s *Session) Sent(now time.Time, n int) {
	s.cfg.tell(now)
	s.cfg.Stat.Add(stat.BytesOut, n)
	s.cfg.round -= callWork + n/bytesSent
	s.out.Sent(n)
	s.progress, s.looked = s.cfg.now, 0
	if s.out.Idle() {
		s.progress = 0
		s.emptied()
	}
	if s.full && s.out.Len() < LowWater && s.out.Files() < MaxFiles {
		s.full = false
		if s.phase < closing {
			s.since = s.cfg.now // while it was full nothing could be heard
		}
		if s.mayFrame() {
			s.cfg.App.Drained((*Conn)(s))
		}
	}
}

// emptied follows the last byte that was queued, or the full stop. A peer that has
// said goodbye needs no lingering, unless it was kicked: what its socket holds could go on
// to it for long after a close.
//
// RFC 9112 9.6: "A client that sends the "close" connection option MUST NOT send
// further requests on that connection". Of WebSockets there is the same rule behind
// a Close frame, but a ping that was on its way would reset the connection, and
// might destroy our Close: there it lingers.
func (s *Session) emptied() {
	switch {
	case s.phase == closing && !s.told, s.phase == idle:
		s.told = s.phase == closing
		s.since = s.cfg.now // only now can the peer have our Close, or the reply
	case s.phase == flush && s.out.Finished() && (s.saidBye || s.finCame) && s.kicked == 0:
		s.turn(drainedFin)
	case s.phase == flush && s.out.Finished():
		s.turn(drained)
	}
}

// Want is what to wait for. Zero: the session is over.
func (s *Session) Want() Want {
	if s.phase == over {
		return 0
	}
	want := Hold
	if !s.out.Idle() {
		want = Write
	}
	if s.phase != flush && !s.finCame && !s.choked() && s.parked == nil && !s.greedy() {
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

// turn goes to the next phase.
func (s *Session) turn(t token) {
	from, to := s.phase, transitions[s.phase][t]
	if to == never {
		s.cfg.Stat.Add(stat.Faults, 1)
		to = over
	}
	s.phase, s.since = to, s.cfg.now
	if s.cfg.Alone {
		s.cfg.Stat.Set(stat.Phase, int(to))
	}
	if to >= flush {
		s.saidBye = s.saidBye && s.parked == nil
		s.forget()
		s.out.Fin()
	}
	if to == over {
		s.out.Drop()
		s.progress, s.timer = 0, 0
	}
	if from.webSocket() && !to.webSocket() || to >= linger {
		s.sayGone()
	}
}

func (s *Session) sayGone() {
	if s.known && !s.gone {
		s.gone = true
		s.cfg.App.Gone((*Conn)(s), s.code)
		s.data, s.timer = nil, 0
	}
}
