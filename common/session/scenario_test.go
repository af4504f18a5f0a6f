package session_test

import (
	"slices"
	"testing"

	"threeloops/common/session"
)

// scenario is a sequence of events on one or more connections. Its name is the rule that it checks.
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

// At least one scenario must reach each phase.
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

// Each possible pair of the table must happen in a scenario. To find out, the test makes the pair
// impossible: then at least one scenario must count a fault.
func TestEachTransitionIsExercised(t *testing.T) {
	for _, pair := range session.Pairs() {
		undo := pair.Forbid()
		found := slices.ContainsFunc(scenarios(), func(s scenario) bool { return faulty(s) })
		undo()
		if !found {
			t.Errorf("%s: no scenario exercises this transition", pair)
		}
	}
}

// faulty reports whether s leads to an impossible transition. After one a session's behavior is
// undefined, and it may panic.
func faulty(s scenario) (found bool) {
	b := newBench()
	defer func() {
		recover()
		found = b.faults() > 0
	}()
	s.play(b)
	return
}
