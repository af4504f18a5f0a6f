package session

// parked is input that has to wait: for the peer to read, for the application, or
// for a turn of the next round.
type parked struct {
	rest []byte // what is left of it
	size int64  // bytes of memory behind rest
}

// park copies what is left of a read.
func (s *Session) park(rest []byte) {
	s.parked = &parked{append([]byte(nil), rest...), int64(len(rest))}
	s.cfg.pool.Hold(s.parked.size)
}

func (s *Session) unpark() {
	if s.parked != nil {
		s.cfg.pool.Hold(-s.parked.size)
		s.parked = nil
	}
}

// resume goes on with what has to wait, as far as possible, and, once nothing is
// left before it, takes in the peer's FIN.
func (s *Session) resume() {
	if s.inflating() && s.mayInflate() {
		s.inflateOn()
	}
	if s.phase == reply && s.putOff && !s.awaits && s.cfg.mayWork() {
		s.askAgain()
	}
	if p := s.parked; p != nil && !s.held() {
		s.begin()
		if p.rest = s.take(p.rest); len(p.rest) == 0 {
			s.unpark()
		}
	}
	if s.finCame && s.parked == nil && !s.held() {
		s.fin()
	}
}

// unfinished reports whether there is something to go on with that nothing but
// the round's work keeps waiting.
func (s *Session) unfinished() bool {
	return s.parked != nil && !s.held() || s.inflating() || s.phase == reply && s.putOff && !s.awaits
}

// held reports whether input has to wait.
func (s *Session) held() bool { return s.phase == reply || s.choked() }

// choked reports whether input has to wait although a request or a message
// could be taken in: for the peer to read, for the application, or for a message
// that is being inflated. Behind our Close nothing more is taken in before that is
// sent: pings that are answered could put it off indefinitely.
func (s *Session) choked() bool {
	return s.full || s.paused && s.mayFrame() || s.phase == closing && !s.told || s.inflating()
}

// take takes in what it can of p and returns the rest.
func (s *Session) take(p []byte) []byte {
	for len(p) > 0 && !s.held() && s.mayWork() {
		switch {
		case s.phase.webSocket():
			p = p[s.takeFrames(p):]
		case s.phase <= body:
			p = p[s.takeRequest(p):]
		case s.phase == challenge:
			p = p[s.takeChallenge(p):]
		default:
			s.saidBye = false // or close(2) would reset the connection, and the peer might lose the answer
			return nil
		}
	}
	return p
}

// fin follows the last byte of a peer that can still read.
func (s *Session) fin() {
	switch s.phase {
	case head, body, challenge:
		s.refuse(400, "the request ends in the middle")
	case fresh, idle, open, pinged, closing, linger:
		s.turn(peerFin)
	}
}

// forget lets go of all input that is only half there.
func (s *Session) forget() {
	if s.in != nil {
		s.cfg.release(s.in)
		s.in = nil
	}
	if s.part != nil {
		s.cfg.done(s.part)
		s.part = nil
	}
	s.unpark()
	s.putOff, s.awaits = false, false
	if s.dialect != nil && s.dialect.zip != nil {
		s.dropInflating()
		s.cfg.pool.Hold(-s.dialect.zip.window.Held())
		s.dialect.zip = nil
	}
}
