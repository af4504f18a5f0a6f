package session

import (
	"time"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// The memory that a loop holds for its clients is counted: queues, parked input,
// messages and bodies that are collected or inflated. Bytes that several queues share
// count once. At three quarters of Config.MaxMemory no connection is accepted, and the
// loop stops reading from the connections that hold much; the others go on and release
// memory. At the limit the driver ends the connection that holds the most.

// Memory is how many bytes are held for all clients of the loop.
func (cfg *Config) Memory() int64 { return cfg.pool.Held() }

// Tight reports whether more than three quarters of MaxMemory are held.
func (cfg *Config) Tight() bool {
	return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory/4*3
}

// Full reports whether more than MaxMemory is held.
func (cfg *Config) Full() bool { return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory }

// modestBytes is how many bytes a connection may hold while memory is short.
const modestBytes = 64 << 10

// holdsTooMuch reports whether memory is short and s holds much of it: then s isn't read.
func (s *Session) holdsTooMuch() bool { return s.cfg.Tight() && s.Held() > modestBytes }

// Evict ends the connection, which holds the most memory when none is left. A peer
// that sends gets a 503, or a Close with 1013. A peer that doesn't read gets a reset: it
// wouldn't read a response.
func (s *Session) Evict(now time.Time) {
	s.cfg.setNow(now)
	s.cfg.Stat.Add(stat.MemoryEnded, 1)
	switch {
	case s.out.Held() > s.Held()/2:
		s.transition(failed)
	case s.mayFrame():
		s.queueClose(ws.TryAgainLater, "the server has no memory left")
		s.transition(closeAfterFlush)
	case s.phase == head || s.phase == body || s.phase == challenge:
		s.refuse(503, "the server has no memory left")
	default:
		s.transition(failed)
	}
}

// Report writes how much is held to Stat. A driver that has closed a connection calls
// it: the next round may be far away.
func (cfg *Config) Report() {
	if held := cfg.pool.Held(); held != cfg.reported {
		cfg.reported = held
		cfg.Stat.Set(stat.Memory, int(held))
		cfg.Stat.Max(stat.MemoryMost, int(held))
	}
}

// Held is approximately how many bytes of memory the connection holds.
func (s *Session) Held() int64 {
	n := s.out.Held()
	if s.incoming != nil {
		n += s.incoming.heldBytes
	}
	if s.parked != nil {
		n += s.parked.size
	}
	if s.part != nil {
		n += s.part.held()
	}
	if z := s.deflateState(); z != nil {
		n += z.window.Held()
		if z.pending != nil {
			n += z.pending.heldBytes
		}
	}
	return n
}
