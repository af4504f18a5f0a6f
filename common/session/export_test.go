package session

// PhaseOf is the name of the phase of s.
func PhaseOf(s *Session) string { return s.phase.String() }

// HeldOfInput is the number of bytes that s holds for its peer's input, including the window, but
// without the memory of an inflation.
func HeldOfInput(s *Session) int64 {
	n := s.Held() - s.out.Held()
	if s.inflating() {
		n -= s.deflateState().pending.heldBytes
	}
	return n
}

// Pair is a possible pair of phase and event in the table of transitions.
type Pair struct {
	from phase
	what event
}

func (p Pair) String() string { return p.from.String() + ", " + eventNames[p.what] }

// Pairs lists all pairs that are possible according to the table.
func Pairs() (all []Pair) {
	for from := range phases {
		for what := range events {
			if transitions[from][what] != never {
				all = append(all, Pair{from, what})
			}
		}
	}
	return all
}

// Forbid makes p impossible until undo is called.
func (p Pair) Forbid() (undo func()) {
	to := transitions[p.from][p.what]
	transitions[p.from][p.what] = never
	return func() { transitions[p.from][p.what] = to }
}

// PhaseNames lists all phases.
func PhaseNames() []string { return phaseNames[:] }
