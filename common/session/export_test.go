package session

// PhaseOf names the phase that s is in.
func PhaseOf(s *Session) string { return s.phase.String() }

// HeldOfInput is how many bytes s has set aside for what its peer has sent, its
// window included, and what inflating takes not.
func HeldOfInput(s *Session) int64 {
	n := s.Held() - s.out.Held()
	if s.inflating() {
		n -= s.zip().going.held
	}
	return n
}

// Pair is a possible pair of the table of transitions.
type Pair struct {
	from phase
	what token
}

func (p Pair) String() string { return p.from.String() + ", " + tokenNames[p.what] }

// Pairs lists all that the table does not declare impossible.
func Pairs() (all []Pair) {
	for from := range phases {
		for what := range tokens {
			if transitions[from][what] != never {
				all = append(all, Pair{from, what})
			}
		}
	}
	return all
}

// Forbid declares p impossible, until undo is called.
func (p Pair) Forbid() (undo func()) {
	to := transitions[p.from][p.what]
	transitions[p.from][p.what] = never
	return func() { transitions[p.from][p.what] = to }
}

// PhaseNames lists all phases.
func PhaseNames() []string { return phaseNames[:] }
