package session_test

import (
	"slices"
	"testing"

	"threeloops/common/session"
)

// scenario is a story of one or more connections. Its name is what it proves.
type scenario struct {
	name string
	play func(*bench)
}

func scenarios() []scenario {
	return slices.Concat(httpScenarios, fileScenarios, socketScenarios, leaveScenarios, deflateScenarios, legacyScenarios,
		budgetScenarios)
}

func TestScenarios(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			b := newBench()
			s.play(b)
			for _, wrong := range b.wrong {
				t.Error(wrong)
			}
			if err := b.loop.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Each phase is reached by a scenario.
func TestEachPhaseIsReached(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios() {
		b := newBench()
		s.play(b)
		for phase := range b.seen {
			seen[phase] = true
		}
	}
	for _, phase := range session.PhaseNames() {
		if !seen[phase] {
			t.Errorf("no scenario reaches phase %s", phase)
		}
	}
}

// Each pair of the table that is possible happens in a scenario: one at least
// counts a fault when the pair is declared impossible.
func TestEachTransitionIsExercised(t *testing.T) {
	for _, pair := range session.Pairs() {
		undo := pair.Forbid()
		found := slices.ContainsFunc(scenarios(), func(s scenario) bool { return faulty(s) })
		undo()
		if !found {
			t.Errorf("%s: want a scenario that leads there, got none", pair)
		}
	}
}

// faulty reports whether s leads to an impossible transition. What a session
// does after one is not defined, a panic included.
func faulty(s scenario) (found bool) {
	b := newBench()
	defer func() {
		recover()
		found = b.faults() > 0
	}()
	s.play(b)
	return
}
