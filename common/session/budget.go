package session

import (
	"time"

	"threeloops/common/stat"
)

// A loop serves one connection after the other, so all other clients wait while it
// works for one. Work is counted in units of about 100 ns of CPU time on a machine of
// the 2020s. When a connection has used up its share, the rest of its input stays
// parked until the next round.

// RoundWork is the default work of a round, for all connections of a loop: 10 ms.
// Config.RoundWork replaces it.
const RoundWork = 100_000

const (
	// turnWork is the most for one connection in one turn: 2 ms. If many connections had
	// a turn in the previous round, the round's work is divided by their number.
	turnWork = 20_000
	// leastWork is the least for one connection, also when the round's work is used up:
	// 20 µs. Then only cheap work is done: a request for a page in memory, a short message.
	leastWork = 200

	requestWork = 10 // to parse a request and respond from memory
	refusalWork = 20 // more for an error response
	messageWork = 1  // to process a short message
	eventWork   = 3  // to process any other frame, or a piece of one
	callWork    = 15 // to send: a system call

	// Bytes that one unit of work processes.
	bytesRead      = 1 << 10
	bytesParsed    = 1 << 3
	bytesSent      = 1 << 8
	bytesInflated  = 1 << 4
	bytesUnpacked  = 1 << 1 // read by the inflater: each may be a table of codes
	bytesDeflated  = 1 << 4
	bytesGrown     = 1 << 8   // of memory that is made, cleared and filled with a copy
	leastSend      = 64 << 10 // bytes that a connection may send in a round whose work is used up
	inflatedAtOnce = 64 << 10 // bytes that are inflated between two checks of the budget
)

// MaxSend is the most bytes that a connection may send in a round. The socket of a
// fast peer has no room for more, and the rest waits for the next round.
const MaxSend = 2 << 20

// Round begins a round of the loop. Any call with a new time begins one too, so only a
// driver whose clock stands still needs Round.
func (cfg *Config) Round() {
	if cfg.turnOf != nil && cfg.Spent() {
		cfg.Stat.Add(stat.WorkSpent, 1)
	}
	cfg.Report()
	cfg.roundBudget = cfg.RoundWork
	if cfg.roundBudget == 0 {
		cfg.roundBudget = RoundWork
	}
	cfg.minTurn = min(leastWork, cfg.roundBudget)
	cfg.turnBudget = max(cfg.minTurn, min(turnWork, cfg.roundBudget/max(cfg.turnsGiven, 1)))
	cfg.roundLeft, cfg.turnsGiven, cfg.turnLeft, cfg.turnOf = cfg.roundBudget, 0, 0, nil
}

// Spent reports whether the round's work is used up. Then only cheap work is done, and
// the loop begins its next round with the connections that had no turn.
func (cfg *Config) Spent() bool { return cfg.roundLeft <= 0 }

// spend counts units of work that the connection whose turn it is has caused.
func (cfg *Config) spend(units int) {
	cfg.roundLeft -= units
	cfg.turnLeft -= units
}

// begin gives s a turn, unless it has one already.
func (s *Session) begin() {
	cfg := s.cfg
	if cfg.turnOf != s {
		cfg.turnOf, cfg.turnLeft = s, min(cfg.turnBudget, max(cfg.roundLeft, cfg.minTurn))
		cfg.turnsGiven++
	}
}

// mayWork reports whether s may process more in this turn.
func (s *Session) mayWork() bool {
	return s.cfg.turnLeft > 0 && (s.cfg.mayWork() || !s.costly && s.deflateState() == nil)
}

// MustWait reports whether the session has to wait for the next round before it causes
// work for other connections, such as telling the members of a room that its peer is
// gone.
func (s *Session) MustWait(now time.Time) bool {
	s.cfg.setNow(now)
	return s.costly && !s.cfg.mayWork()
}

// mayWork reports whether the round has work left for what is costly.
func (cfg *Config) mayWork() bool { return cfg.roundLeft > cfg.reserved }

// Continue gives the session a turn in the round that now belongs to. Next then
// processes the input for which Want has its bit Work.
func (s *Session) Continue(now time.Time) {
	s.cfg.setNow(now)
	s.cfg.reserved = 0
	s.begin()
}

// SendBudget is how many bytes the connection may send in this turn.
func (s *Session) SendBudget() int {
	return max(leastSend, min(MaxSend, s.cfg.roundLeft*bytesSent))
}

// Spend counts work that the application does for c, in units of about 100 ns.
func (c *Conn) Spend(units int) { c.cfg.spend(units) }

// MayWork reports whether the round has work left for something costly, such as
// opening a file.
func (c *Conn) MayWork() bool { return c.cfg.mayWork() }

// Costly reports that input of c's peer costs far more than reading it, such as a
// message that many connections are sent. When the round's work is used up, no more
// of this input is processed.
func (c *Conn) Costly() { c.costly = true }
