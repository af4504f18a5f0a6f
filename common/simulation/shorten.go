package simulation

import (
	"slices"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// mostPlays is how often Shorten plays a scenario at most, and mostTime how long it looks.
const (
	mostPlays = 1500
	mostTime  = 15 * time.Second
)

// shortener looks for a shorter scenario that fails in the same way.
type shortener struct {
	target simtest.Target
	kind   string
	best   *sim.Scenario
	plays  int
	end    time.Time
}

// Shorten returns a scenario that fails as s does, with as few lines as it finds. It leaves lines
// out, in groups that become smaller, and plays what is left.
func Shorten(target simtest.Target, s *sim.Scenario, failure *Failure) (*sim.Scenario, *Failure) {
	sh := &shortener{target: target, kind: failure.Kind, best: s, end: time.Now().Add(mostTime)}
	for before := -1; before != sh.size(); {
		before = sh.size()
		sh.simplify()
		sh.dropActions()
		sh.dropFaults()
	}
	if f, _ := Play(target, sh.best, nil); f != nil {
		failure = f
	}
	return sh.best, failure
}

func (sh *shortener) size() int {
	return len(sh.best.Actions) + len(sh.best.Faults) + len(sh.best.Flags)
}

// try plays a scenario, and keeps it if it fails in the same way.
func (sh *shortener) try(change func(s *sim.Scenario)) bool {
	if sh.plays >= mostPlays || time.Now().After(sh.end) {
		return false
	}
	sh.plays++
	s := *sh.best
	s.Actions, s.Faults, s.Flags = slices.Clone(s.Actions), slices.Clone(s.Faults), slices.Clone(s.Flags)
	change(&s)
	f, _ := Play(sh.target, &s, nil)
	if f == nil || f.Kind != sh.kind {
		return false
	}
	sh.best = &s
	return true
}

// simplify leaves out what the kernel varies.
func (sh *shortener) simplify() {
	s := sh.best
	if s.Shuffle {
		sh.try(func(s *sim.Scenario) { s.Shuffle = false })
	}
	if s.Preempt != 0 {
		sh.try(func(s *sim.Scenario) { s.Preempt = 0 })
	}
	if s.Buffers != 0 {
		sh.try(func(s *sim.Scenario) { s.Buffers = 0 })
	}
	if s.Files != 0 {
		sh.try(func(s *sim.Scenario) { s.Files = 0 })
	}
	for i := len(s.Flags) - 1; i >= 0; i-- {
		sh.try(func(s *sim.Scenario) { s.Flags = slices.Delete(s.Flags, i, i+1) })
	}
}

// dropActions leaves actions out: first those of a whole client, then groups of neighbours.
func (sh *shortener) dropActions() {
	for _, name := range clientsOf(sh.best) {
		sh.try(func(s *sim.Scenario) {
			s.Actions = slices.DeleteFunc(s.Actions, func(a sim.Action) bool { return slices.Contains(a.Clients, name) })
		})
	}
	for n := len(sh.best.Actions) / 2; n > 0; n /= 2 {
		for from := 0; from+n <= len(sh.best.Actions); {
			if !sh.try(func(s *sim.Scenario) { s.Actions = slices.Delete(s.Actions, from, from+n) }) {
				from += n
			}
		}
	}
}

func clientsOf(s *sim.Scenario) (names []string) {
	for i := range s.Actions {
		for _, name := range s.Actions[i].Clients {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (sh *shortener) dropFaults() {
	for i := len(sh.best.Faults) - 1; i >= 0; i-- {
		if sh.try(func(s *sim.Scenario) { s.Faults = slices.Delete(s.Faults, i, i+1) }) {
			continue
		}
		for sh.best.Faults[i].Skip > 0 && sh.try(func(s *sim.Scenario) { s.Faults[i].Skip /= 2 }) {
		}
	}
}
