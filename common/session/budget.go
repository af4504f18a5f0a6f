package session

import (
	"time"

	"threeloops/common/stat"
)

// A loop serves one connection after the other, so all other clients wait while it works for one.
// So each iteration of the loop has a budget of work. In this file an iteration is called a round.
// Work is counted in units of about 100 ns of CPU time on a machine of the 2020s. When a connection
// has used up its share, the rest of its input stays parked until the next round.

// RoundWork is the default work of a round for all connections of a loop, in units: 10 ms.
// Config.RoundWork replaces it.
const RoundWork = 100_000

const (
	// turnWork is the most work for one connection in one turn: 2 ms. If many connections had a
	// turn in the previous round, each gets less: the round's work divided by their number.
	turnWork = 20_000
	// leastWork is the least work for one connection in one turn: 20 µs, even if the round's work
	// is used up. Then the connection may do only cheap work, such as a request for a page in
	// memory, or a short message.
	leastWork = 200

	requestWork = 10 // to parse a request and respond from memory
	refusalWork = 20 // additional, for an error response
	messageWork = 1  // to process a short message
	eventWork   = 3  // to process any other frame, or a piece of one
	callWork    = 15 // to send: a system call

	// Bytes that one unit of work processes.
	bytesRead      = 1 << 10
	bytesParsed    = 1 << 3
	bytesSent      = 1 << 8
	bytesInflated  = 1 << 4
	bytesUnpacked  = 1 << 1 // read by the inflater; a few bytes may be a code table, which takes long
	bytesDeflated  = 1 << 4
	bytesGrown     = 1 << 8   // of memory that is allocated, cleared and filled with a copy
	leastSend      = 64 << 10 // bytes that a connection may send in a round whose work is used up
	inflatedAtOnce = 64 << 10 // bytes that are inflated between two checks of the budget
)

// MaxSend is the most bytes that a connection may send in a round. The socket of a fast peer seldom
// has room for more. The rest waits for the next round.
const MaxSend = 2 << 20

// Round begins a round. A loop calls it in each iteration, right after the wait. The time can't tell
// where a round begins: on a coarse clock several iterations have the same time. If the second of
// them had no work left, it could not even do what the first has left over, and the loop would spin
// until the clock moves.
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

// Spent reports whether the round's work is used up. Then only cheap work is done. The loop begins
// its next round with the connections that had no turn.
func (cfg *Config) Spent() bool { return cfg.roundLeft <= 0 }

// spend counts units of work for the connection that has the turn.
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

// mayWork reports whether s may process more input in this turn. If the round's work is used up,
// only sessions with cheap input may, until their turn is used up.
func (s *Session) mayWork() bool {
	return s.cfg.turnLeft > 0 && (s.cfg.mayWork() || !s.costly && s.deflateState() == nil)
}

// MustWait reports whether the session must wait for the next round, because its input or its end
// causes work for other connections: for example, the members of a room are told that its peer is
// gone.
func (s *Session) MustWait(now time.Time) bool {
	s.cfg.setNow(now)
	return s.costly && !s.cfg.mayWork()
}

// mayWork reports whether the round has work left for costly input.
func (cfg *Config) mayWork() bool { return cfg.roundLeft > cfg.reserved }

// Continue gives the session a turn in the current round. Then Next processes the input for which
// Want has its bit Work. The driver calls Continue in settle, when all reads of the round are done.
// So nothing is reserved any more.
func (s *Session) Continue(now time.Time) {
	s.cfg.setNow(now)
	s.cfg.reserved = 0
	s.begin()
}

// SendBudget is the number of bytes that the connection may send in this turn.
func (s *Session) SendBudget() int {
	return max(leastSend, min(MaxSend, s.cfg.roundLeft*bytesSent))
}

// Spend counts work that the application does for c, in units of about 100 ns.
func (c *Conn) Spend(units int) { c.cfg.spend(units) }

// MayWork reports whether the round has work left for something costly, such as
// opening a file.
func (c *Conn) MayWork() bool { return c.cfg.mayWork() }

// Costly tells the session that the input of its peer costs much more than reading it, such as a
// message that is sent to many connections. When the round's work is used up, no more of this input
// is processed.
func (c *Conn) Costly() { c.costly = true }
