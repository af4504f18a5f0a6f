package session

import (
	"time"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// The sessions count the memory that a loop holds for its clients: queues, parked input, and
// messages and bodies that are being collected or inflated. Bytes that several queues share count
// once. At three quarters of Config.MaxMemory the loop accepts no connection, and doesn't read from
// the connections that hold much. The others continue, and release memory. At the limit the driver
// ends the connection that holds the most.

// Memory is the number of bytes that the loop holds for all its clients.
func (cfg *Config) Memory() int64 { return cfg.pool.Held() }

// Tight reports whether the clients hold more than three quarters of MaxMemory.
func (cfg *Config) Tight() bool {
	return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory/4*3
}

// Full reports whether the clients hold more than MaxMemory.
func (cfg *Config) Full() bool { return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory }

// modestBytes is the number of bytes that a connection may hold, and still be read from, while
// memory is short.
const modestBytes = 64 << 10

// holdsTooMuch reports whether memory is short and s holds much of it. Then the driver doesn't read
// from s.
func (s *Session) holdsTooMuch() bool { return s.cfg.Tight() && s.Held() > modestBytes }

// Evict ends the connection because no memory is left. The driver chooses the connection that holds
// the most. If the peer has sent much, it gets a 503 or a Close with 1013. If the peer doesn't read
// its responses, it gets a reset, because it wouldn't read a further response either.
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

// Report writes to Stat how much memory is held. A driver calls it after it has closed a
// connection, because the next iteration may begin much later.
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
