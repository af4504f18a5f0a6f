package session

import (
	"math"
	"time"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Deadline is when Tick is due: the nearest of the phase's timer, the peer's time to
// take some bytes, the time after a Kick, and the application's timer. Zero: never.
func (s *Session) Deadline() time.Time {
	d := s.phaseDue()
	for _, other := range [...]instant{s.writeDue(), s.cutDue(), s.timer} {
		if other != 0 && (d == 0 || other < d) {
			d = other
		}
	}
	if d == 0 || s.phase == over {
		return time.Time{}
	}
	return s.cfg.time(d)
}

// Tick says that Deadline has passed.
func (s *Session) Tick(now time.Time) {
	if s.CutDue(now) {
		s.turn(failed)
		return
	}
	if s.timer != 0 && s.timer <= s.cfg.now {
		s.timer = 0
		s.cfg.App.Timer((*Conn)(s), now)
	}
	if d := s.writeDue(); s.looked > looks || !s.cfg.Looks && d != 0 && d <= s.cfg.now {
		s.turn(failed)
	}
	if d := s.phaseDue(); d != 0 && d <= s.cfg.now {
		s.expired()
	}
}

// cutDue is when a connection that was kicked ends, whatever is queued for it; 0: never.
func (s *Session) cutDue() instant {
	if s.kicked == 0 || s.phase == over || s.cfg.CloseTimeout <= 0 {
		return 0
	}
	return s.kicked.after(s.cfg.CloseTimeout)
}

// CutDue reports whether Tick will end a connection that was kicked CloseTimeout ago. The
// driver then throws away what its socket still holds.
func (s *Session) CutDue(now time.Time) bool {
	s.cfg.tell(now)
	d := s.cutDue()
	return d != 0 && d <= s.cfg.now
}

// looks is how often, within WriteTimeout, the driver is asked by LookDue whether
// the peer takes what was sent.
const looks = 4

// writeDue is when the peer has had too much time to take bytes, or when to look
// whether it has taken some; 0: never.
func (s *Session) writeDue() instant {
	if s.progress == 0 || s.phase == over || s.cfg.WriteTimeout <= 0 {
		return 0
	}
	if !s.cfg.Looks {
		return s.progress.after(s.cfg.WriteTimeout)
	}
	return s.progress.after(s.cfg.WriteTimeout * time.Duration(max(s.looked, 1)) / looks)
}

// LookDue reports whether the driver is to call Look before Tick.
func (s *Session) LookDue(now time.Time) bool {
	s.cfg.tell(now)
	d := s.writeDue()
	return s.cfg.Looks && d != 0 && d <= s.cfg.now
}

// Look says how many bytes of those sent the peer's kernel has not acknowledged. A
// socket reports room only when a third of its buffer is free, so a slow peer may
// take bytes for much longer than WriteTimeout before anything more can be sent.
// The first look after a byte was sent finds out what the others compare with; so a
// peer that takes nothing is cut off after one and a quarter of WriteTimeout.
func (s *Session) Look(now time.Time, unacked int) {
	s.cfg.tell(now)
	if s.looked > 0 && unacked >= int(s.unacked) {
		s.looked++
		return
	}
	s.looked, s.unacked, s.progress = 1, int32(unacked), s.cfg.now
}

// phaseDue is when the phase has lasted too long, or 0.
func (s *Session) phaseDue() instant {
	d := time.Duration(0)
	switch s.phase {
	case fresh, idle:
		d = s.cfg.IdleTimeout
		if s.phase == fresh {
			d = s.cfg.HeadTimeout
		}
		if s.leaving {
			d = lastCall
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
		if s.told { // pings that come then put nothing off
			d = s.cfg.CloseTimeout
		}
	}
	if d <= 0 || s.choked() && s.phase < closing {
		return 0 // not waiting for the peer's bytes: the write timer watches it
	}
	due := s.since.after(d)
	if s.collects() {
		due = min(due, s.part.since.after(s.collectTime()))
	}
	return due
}

// collects reports whether a WebSocket message has begun to come, and is held.
func (s *Session) collects() bool { return s.part != nil && s.mayFrame() }

// longest is more than any time that matters. An instant after it can still be told.
const longest = time.Duration(math.MaxInt64 / 2)

// collectTime is how long a body or a message may take to come: the more has come,
// the longer, so that a large one is no attack and a drip is.
func (s *Session) collectTime() time.Duration {
	if s.part == nil {
		return s.cfg.IdleTimeout
	}
	pieces := time.Duration(1 + s.part.size>>16)
	return s.cfg.IdleTimeout * min(pieces, longest/max(s.cfg.IdleTimeout, 1))
}

// expired ends, or questions, a phase that has lasted too long.
func (s *Session) expired() {
	switch s.phase {
	case fresh, idle:
		s.turn(lastWord)
	case head, body, challenge:
		s.refuse(408, "the request did not arrive in time")
	case open, pinged:
		s.silent()
	case closing, linger:
		s.turn(timeout)
	}
}

// silent ends an open WebSocket whose message takes too long, and asks one that
// says nothing whether its peer lives.
func (s *Session) silent() {
	switch {
	case s.collects() && s.part.since.after(s.collectTime()) <= s.cfg.now:
		s.cfg.done(s.part)
		s.part = nil
		s.goodbye(ws.PolicyViolation, "the message did not arrive in time")
	case s.phase == open:
		if s.hixie() != nil {
			s.goodbye(ws.GoingAway, "") // it has no ping
			return
		}
		s.control(ws.Ping, nil)
		s.cfg.Stat.Add(stat.Pings, 1)
		s.turn(silence)
	default:
		s.queueClose(ws.InternalError, "keepalive ping timeout")
		s.turn(lastWord)
	}
}
