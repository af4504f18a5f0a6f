package session

// parked is input that waits for the peer to read, for the application, or for a turn
// in the next round.
type parked struct {
	rest []byte // the part that is not yet processed
	size int64  // bytes of memory that rest was cut from
}

// park copies the rest of a read.
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

// resumeInput processes input that has waited, as far as possible, and then the peer's
// FIN.
func (s *Session) resumeInput() {
	if s.inflating() && s.mayInflate() {
		s.inflateOn()
	}
	if s.phase == reply && s.postponed && !s.awaitsResume && s.cfg.mayWork() {
		s.redeliverRequest()
	}
	if p := s.parked; p != nil && !s.inputWaits() {
		s.begin()
		if p.rest = s.process(p.rest); len(p.rest) == 0 {
			s.unpark()
		}
	}
	if s.finReceived && s.parked == nil && !s.inputWaits() {
		s.handleFin()
	}
}

// unfinished reports whether input waits for nothing else than the round's work.
func (s *Session) unfinished() bool {
	return s.parked != nil && !s.inputWaits() || s.inflating() || s.phase == reply && s.postponed && !s.awaitsResume
}

// inputWaits reports whether input has to wait.
func (s *Session) inputWaits() bool { return s.phase == reply || s.inputBlocked() }

// inputBlocked reports whether input has to wait in a phase that accepts input: for the
// peer to read, for the application, or for a message that is being inflated. After our
// Close is queued, input waits until it is sent: otherwise the pongs to many pings could
// delay it indefinitely.
func (s *Session) inputBlocked() bool {
	return s.queueFull || s.paused && s.mayFrame() || s.phase == closing && !s.closeSent || s.inflating()
}

// process processes p as far as it can, and returns the rest.
func (s *Session) process(p []byte) []byte {
	for len(p) > 0 && !s.inputWaits() && s.mayWork() {
		switch {
		case s.phase.webSocket():
			p = p[s.processFrames(p):]
		case s.phase <= body:
			p = p[s.processRequest(p):]
		case s.phase == challenge:
			p = p[s.processChallenge(p):]
		default:
			s.peerPromisedEnd = false // otherwise close(2) would reset the connection, and the peer might lose the response
			return nil
		}
	}
	return p
}

// handleFin handles the peer's FIN. The peer can still read.
func (s *Session) handleFin() {
	switch s.phase {
	case head, body, challenge:
		s.refuse(400, "the request ends in the middle")
	case fresh, idle, open, pinged, closing, linger:
		s.transition(peerFin)
	}
}

// dropInput drops all input that is incomplete or not yet processed.
func (s *Session) dropInput() {
	if s.incoming != nil {
		s.cfg.release(s.incoming)
		s.incoming = nil
	}
	if s.part != nil {
		s.cfg.releaseGather(s.part)
		s.part = nil
	}
	s.unpark()
	s.postponed, s.awaitsResume = false, false
	if s.dialect != nil && s.dialect.deflate != nil {
		s.dropInflating()
		s.cfg.pool.Hold(-s.dialect.deflate.window.Held())
		s.dialect.deflate = nil
	}
}
