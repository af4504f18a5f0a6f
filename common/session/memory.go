package session

import (
	"time"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// What a loop holds for its clients is counted: queues, parked input, messages and
// bodies that are collected or inflated. Bytes that several queues share count once.
// At three quarters of Config.MaxMemory nobody is accepted, and nothing more is read
// from those who hold the most; what goes on are connections that give memory back.
// At the limit the largest holder is ended.

// Memory is the number of bytes that are held for all clients of the loop.
func (cfg *Config) Memory() int64 { return cfg.pool.Held() }

// Tight reports whether three quarters of the memory are held.
func (cfg *Config) Tight() bool {
	return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory/4*3
}

// Full reports whether more memory is held than may be.
func (cfg *Config) Full() bool { return cfg.MaxMemory > 0 && cfg.pool.Held() > cfg.MaxMemory }

// modest is how many bytes a connection may hold without being among those who
// hold the most.
const modest = 64 << 10

// greedy reports whether nothing is read because memory is short, and s holds much.
func (s *Session) greedy() bool { return s.cfg.Tight() && s.Held() > modest }

// Evict ends the connection because it holds the most memory when there is none
// left. A peer that sends is told by a 503, or by Close 1013; one that doesn't read
// what it is sent would not read that either.
func (s *Session) Evict(now time.Time) {
	s.cfg.tell(now)
	s.cfg.Stat.Add(stat.MemoryEnded, 1)
	switch {
	case s.out.Held() > s.Held()/2:
		s.turn(failed)
	case s.mayFrame():
		s.queueClose(ws.TryAgainLater, "the server has no memory left")
		s.turn(lastWord)
	case s.phase == head || s.phase == body || s.phase == challenge:
		s.refuse(503, "the server has no memory left")
	default:
		s.turn(failed)
	}
}

// Report notes on the board what is held. It is for a driver that has closed a
// connection, after which there may be no further round for long.
func (cfg *Config) Report() {
	if held := cfg.pool.Held(); held != cfg.reported {
		cfg.reported = held
		cfg.Stat.Set(stat.Memory, int(held))
		cfg.Stat.Max(stat.MemoryMost, int(held))
	}
}

// Held is about how many bytes of memory the connection holds on to.
func (s *Session) Held() int64 {
	n := s.out.Held()
	if s.in != nil {
		n += s.in.counted
	}
	if s.parked != nil {
		n += s.parked.size
	}
	if s.part != nil {
		n += s.part.held()
	}
	if z := s.zip(); z != nil {
		n += z.window.Held()
		if z.going != nil {
			n += z.going.held
		}
	}
	return n
}
