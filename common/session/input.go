package session

// parked is input that was read but not processed. It waits for the peer to read, for the
// application, or for a turn in the next iteration.
type parked struct {
	rest []byte // the part that is not yet processed
	size int64  // bytes of memory that rest was cut from
}

// park copies the rest of a read. It must copy, because the next connection reads into the same
// buffer.
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

// resumeInput processes input that has waited, as far as possible, and then the peer's FIN.
//
// The order is the order in which the input arrived: first the message or request that was begun,
// then the bytes after it, and at last the FIN. Each step checks again whether it may run, because
// the step before it may have changed this: it may have queued a response that fills the queue, or
// used up the turn. A step that can't run stops the later ones too, since inputWaits is then true,
// or bytes are parked.
func (s *Session) resumeInput() {
	if s.inflating() && s.mayInflate() {
		s.inflateOn()
	}
	if s.phase == reply && s.postponed && !s.awaitsResume && s.cfg.mayWork() {
		s.redeliverRequest()
	}
	if p := s.parked; p != nil && !s.inputWaits() {
		s.begin()
		// process may stop again. Then only the beginning of the parked bytes is cut off, without a
		// further copy. During process the application may end the connection, which sets s.parked
		// to nil. So p is used here, not s.parked.
		if p.rest = s.process(p.rest); len(p.rest) == 0 {
			s.unpark()
		}
	}
	if s.finReceived && s.parked == nil && !s.inputWaits() {
		s.handleFin()
	}
}

// unfinished reports whether input waits only for work in a further iteration, and not for the peer
// or the application.
func (s *Session) unfinished() bool {
	return s.parked != nil && !s.inputWaits() || s.inflating() || s.phase == reply && s.postponed && !s.awaitsResume
}

// inputWaits reports whether input must wait. In phase reply it waits, although a client may send
// several requests without waiting for responses: RFC 9112 9.3.2 wants the responses in the order
// of the requests.
func (s *Session) inputWaits() bool { return s.phase == reply || s.inputBlocked() }

// inputBlocked reports whether input must wait for another reason than phase reply: for the peer to
// read, for the application, or for a message that is being inflated. After our Close is queued,
// input waits until the Close is sent. Otherwise a peer that sends many Pings and reads slowly
// could delay the Close indefinitely, because the Pongs are sent too.
func (s *Session) inputBlocked() bool {
	return s.queueFull || s.paused && s.mayFrame() || s.phase == closing && !s.closeSent || s.inflating()
}

// process processes p as far as it can, and returns the rest.
//
// Each pass of the loop processes one request, or frames until something stops them. A pass may
// change the phase, so the next one may interpret the bytes after it in another way: a client may
// send its first frames in the same read as its handshake. The conditions of the loop are all that
// can stop input. A pass that processes no byte makes one of them false, so the loop always ends.
func (s *Session) process(p []byte) []byte {
	for len(p) > 0 && !s.inputWaits() && s.mayWork() {
		switch {
		case s.phase.webSocket():
			p = p[s.processFrames(p):]
		case s.phase <= body:
			p = p[s.processRequest(p):]
		case s.phase == challenge:
			p = p[s.processChallenge(p):]
		default: // flush or linger: all input is discarded
			// The peer sends, although it may have promised not to. So the session must linger.
			// Otherwise close(2) would reset the connection, and the peer might lose the response.
			s.peerPromisedEnd = false
			return nil
		}
	}
	return p
}

// handleFin handles the peer's FIN when all input before it is processed. The peer can still read.
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
