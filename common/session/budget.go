package session

import (
	"time"

	"threeloops/common/stat"
)

// A loop serves one connection after the other, so the work that one client
// causes is time for which all others wait. Work is counted, in units of about
// 100 ns of CPU time on a machine of the 2020s. What is left over when a share is
// used up stays parked until the next round.

// RoundWork is for all connections of a loop together, in one round: 10 ms. Config has
// a field of that name for another value.
const RoundWork = 100_000

const (
	// turnWork is the most for one connection in one turn: 2 ms. If many had a turn in
	// the round before, the round's work is divided by their number.
	turnWork = 20_000
	// leastWork is the least for one connection, also when the round's work is used up:
	// 20 µs. Then it is for cheap work alone: a request for a page in memory, a short message.
	leastWork = 200

	requestWork = 10 // to parse a request and to answer it from memory
	refusalWork = 20 // more for an answer that says what is wrong
	messageWork = 1  // to take in a short message
	eventWork   = 3  // to take in any other frame, or a piece of one
	callWork    = 15 // to send: a system call

	// Bytes of which a unit takes care.
	bytesRead      = 1 << 10
	bytesParsed    = 1 << 3
	bytesSent      = 1 << 8
	bytesInflated  = 1 << 4
	bytesUnpacked  = 1 << 1 // read by the inflater: each may be a table of codes
	bytesDeflated  = 1 << 4
	bytesGrown     = 1 << 8   // of memory that is made, cleared and filled with a copy
	leastSend      = 64 << 10 // bytes that a connection may send in a round whose work is used up
	inflatedAtOnce = 64 << 10 // bytes that are inflated between two looks at the budget
)

// MaxSend is the most bytes that a connection may send in a round: a fast peer has
// room for no more, and what is left over costs a further round.
const MaxSend = 2 << 20

// Round begins a round of the loop. A call with another time than the call before
// does so too, so only a driver whose clock stands still needs Round.
func (cfg *Config) Round() {
	if cfg.whose != nil && cfg.Spent() {
		cfg.Stat.Add(stat.WorkSpent, 1)
	}
	cfg.Report()
	cfg.full = cfg.RoundWork
	if cfg.full == 0 {
		cfg.full = RoundWork
	}
	cfg.least = min(leastWork, cfg.full)
	cfg.share = max(cfg.least, min(turnWork, cfg.full/max(cfg.turns, 1)))
	cfg.round, cfg.turns, cfg.turn, cfg.whose = cfg.full, 0, 0, nil
}

// Spent reports whether the round's work is used up. From then on only cheap work is
// done, and a loop begins its next round with the connections that got no share.
func (cfg *Config) Spent() bool { return cfg.round <= 0 }

// spend counts units of work, which the connection in turn has caused.
func (cfg *Config) spend(units int) {
	cfg.round -= units
	cfg.turn -= units
}

// begin gives s a turn, unless it has one already.
func (s *Session) begin() {
	cfg := s.cfg
	if cfg.whose != s {
		cfg.whose, cfg.turn = s, min(cfg.share, max(cfg.round, cfg.least))
		cfg.turns++
	}
}

// mayWork reports whether s may take in more in this turn.
func (s *Session) mayWork() bool {
	return s.cfg.turn > 0 && (s.cfg.mayWork() || !s.costly && s.zip() == nil)
}

// MustWait reports whether the session has to wait for the next round with whatever
// costs others: that its peer is gone, too, if the members of a room are told.
func (s *Session) MustWait(now time.Time) bool {
	s.cfg.tell(now)
	return s.costly && !s.cfg.mayWork()
}

// mayWork reports whether the round has work left for what is costly.
func (cfg *Config) mayWork() bool { return cfg.round > cfg.reserve }

// Continue gives the session a turn of the round that now belongs to. Next then
// takes in what Want's bit Work stands for.
func (s *Session) Continue(now time.Time) {
	s.cfg.tell(now)
	s.cfg.reserve = 0
	s.begin()
}

// SendBudget is how many bytes the connection may send in this turn.
func (s *Session) SendBudget() int {
	return max(leastSend, min(MaxSend, s.cfg.round*bytesSent))
}

// Spend counts work that the application does for c, in units of about 100 ns.
func (c *Conn) Spend(units int) { c.cfg.spend(units) }

// MayWork reports whether the round has work left for something costly, such as
// opening a file.
func (c *Conn) MayWork() bool { return c.cfg.mayWork() }

// Costly says that what c's peer sends costs far more than to read it, as a
// message does that many others are sent. In a round whose work is used up nothing
// more is taken from it.
func (c *Conn) Costly() { c.costly = true }
