package session

import (
	"math"
	"time"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Deadline is when Tick is due. It is the earliest of four times: the phase's timer, the write
// timer, the time limit after a Kick, and the application's timer. Zero means never.
func (s *Session) Deadline() time.Time {
	d := s.phaseDue()
	for _, other := range [...]instant{s.writeDue(), s.cutDue(), s.appTimer} {
		if other != 0 && (d == 0 || other < d) {
			d = other
		}
	}
	if d == 0 || s.phase == over {
		return time.Time{}
	}
	return s.cfg.time(d)
}

// Tick handles the timers that are due. The driver calls it when Deadline has passed.
func (s *Session) Tick(now time.Time) {
	if s.CutDue(now) {
		s.transition(failed)
		return
	}
	if s.appTimer != 0 && s.appTimer <= s.cfg.now {
		s.appTimer = 0
		s.cfg.App.Timer((*Conn)(s), now)
	}
	if d := s.writeDue(); s.ackChecks > maxAckChecks || !s.cfg.CheckAcks && d != 0 && d <= s.cfg.now {
		s.transition(failed)
	}
	if d := s.phaseDue(); d != 0 && d <= s.cfg.now {
		s.expired()
	}
}

// cutDue is when a kicked connection ends, even if bytes are still queued; 0: never.
func (s *Session) cutDue() instant {
	if s.kickedAt == 0 || s.phase == over || s.cfg.CloseTimeout <= 0 {
		return 0
	}
	return s.kickedAt.after(s.cfg.CloseTimeout)
}

// CutDue reports whether Tick will end the connection, because it was kicked CloseTimeout ago. The
// driver then discards the bytes that are still in the socket.
func (s *Session) CutDue(now time.Time) bool {
	s.cfg.setNow(now)
	d := s.cutDue()
	return d != 0 && d <= s.cfg.now
}

// maxAckChecks is the number of checks within WriteTimeout. In each the driver finds out whether
// the peer has acknowledged bytes.
const maxAckChecks = 4

// writeDue is when WriteTimeout has passed without progress, or when the next check for
// acknowledged bytes is due; 0: never.
func (s *Session) writeDue() instant {
	if s.progressAt == 0 || s.phase == over || s.cfg.WriteTimeout <= 0 {
		return 0
	}
	if !s.cfg.CheckAcks {
		return s.progressAt.after(s.cfg.WriteTimeout)
	}
	return s.progressAt.after(s.cfg.WriteTimeout * time.Duration(max(s.ackChecks, 1)) / maxAckChecks)
}

// AckCheckDue reports whether the driver has to call AckChecked before Tick.
func (s *Session) AckCheckDue(now time.Time) bool {
	s.cfg.setNow(now)
	d := s.writeDue()
	return s.cfg.CheckAcks && d != 0 && d <= s.cfg.now
}

// AckChecked tells the session how many sent bytes the peer's kernel hasn't acknowledged.
//
// A socket is writable only when a third of its buffer is free. So a slow peer may acknowledge
// bytes for much longer than WriteTimeout before more can be sent, and must not be cut off. The
// first check after a byte was sent stores the number of bytes, and the later checks compare with
// it. So a peer that acknowledges nothing is reset after 1.25 times WriteTimeout.
func (s *Session) AckChecked(now time.Time, unacked int) {
	s.cfg.setNow(now)
	if s.ackChecks > 0 && unacked >= int(s.unacked) {
		s.ackChecks++
		return
	}
	s.ackChecks, s.unacked, s.progressAt = 1, int32(unacked), s.cfg.now
}

// phaseDue is when the phase has lasted too long; 0: never.
func (s *Session) phaseDue() instant {
	d := time.Duration(0)
	switch s.phase {
	case fresh, idle:
		d = s.cfg.IdleTimeout
		if s.phase == fresh {
			d = s.cfg.HeadTimeout
		}
		if s.stopping {
			d = idleAtShutdown
		}
		if s.out.Len() > 0 {
			d = 0
		}
	case head, challenge:
		d = s.cfg.HeadTimeout
	case body:
		d = s.collectTime()
	case open:
		d = s.cfg.IdleTimeout
	case pinged, linger:
		d = s.cfg.CloseTimeout
	case closing:
		if s.closeSent { // further pings don't extend the time
			d = s.cfg.CloseTimeout
		}
	}
	if d <= 0 || s.inputBlocked() && s.phase < closing {
		return 0 // the session doesn't wait for input; the write timer runs
	}
	due := s.phaseSince.after(d)
	if s.collects() {
		due = min(due, s.part.startedAt.after(s.collectTime()))
	}
	return due
}

// collects reports whether the session holds the beginning of a WebSocket message.
func (s *Session) collects() bool { return s.part != nil && s.mayFrame() }

// longest is longer than any timeout that matters, and short enough that adding it to an instant
// doesn't overflow.
const longest = time.Duration(math.MaxInt64 / 2)

// collectTime is how long a body or a message may take to arrive: IdleTimeout, and IdleTimeout more
// for each 64 KiB that have arrived. So a large upload may take long, but a few bytes may not.
func (s *Session) collectTime() time.Duration {
	if s.part == nil {
		return s.cfg.IdleTimeout
	}
	pieces := time.Duration(1 + s.part.size>>16)
	return s.cfg.IdleTimeout * min(pieces, longest/max(s.cfg.IdleTimeout, 1))
}

// expired handles a phase that has lasted too long.
func (s *Session) expired() {
	switch s.phase {
	case fresh, idle:
		s.transition(closeAfterFlush)
	case head, body, challenge:
		s.refuse(408, "the request did not arrive in time")
	case open, pinged:
		s.webSocketExpired()
	case closing, linger:
		s.transition(timeout)
	}
}

// webSocketExpired handles three cases. It closes a WebSocket whose message takes too long. It
// sends a Ping to a silent peer. And it closes the WebSocket of a peer that doesn't respond to the
// Ping.
func (s *Session) webSocketExpired() {
	switch {
	case s.collects() && s.part.startedAt.after(s.collectTime()) <= s.cfg.now:
		s.cfg.releaseGather(s.part)
		s.part = nil
		s.beginClose(ws.PolicyViolation, "the message did not arrive in time")
	case s.phase == open:
		if s.hixie() != nil {
			s.beginClose(ws.GoingAway, "") // hixie has no ping
			return
		}
		s.queueControl(ws.Ping, nil)
		s.cfg.Stat.Add(stat.Pings, 1)
		s.transition(idleExpired)
	default:
		s.queueClose(ws.InternalError, "keepalive ping timeout")
		s.transition(closeAfterFlush)
	}
}
