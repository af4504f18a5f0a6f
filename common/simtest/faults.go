package simtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"threeloops/common/sim"
)

// Faults makes each system call of a server fail with each errno that it may return: once at its
// start, once while it serves, twenty times, and from some moment on. All calls that the server makes
// are among them.
func Faults(t *testing.T, target Target) {
	failed, rows := map[string]bool{}, 0 // which calls have failed, and how many rows were played
	plays := []struct {
		title string
		play  func(Target, *testing.T, sim.Fault) (happened bool)
		times int
	}{
		{"once at the start", Target.failsAtStart, 1},
		{"once", Target.failsOnce, 1},
		{"twenty times", Target.failsForAWhile, 20},
		{"until the end", Target.failsUntilTheEnd, -1},
	}
	all := allFailures()
	for _, p := range plays {
		t.Run(p.title, func(t *testing.T) {
			runs, few := 0, testing.Short() && p.title == "once"
			for _, f := range all {
				f.Times = p.times
				t.Run(f.Call+" "+f.Errno.Name(), func(t *testing.T) {
					n := positions(t, f, few, func(t *testing.T, f sim.Fault) bool { return p.play(target, t, f) })
					failed[f.Call] = failed[f.Call] || n > 0
					runs += n
					rows++
				})
			}
			t.Logf("%d runs", runs)
			if few {
				t.Log("-short: not all positions are played")
			}
		})
	}
	if rows < len(plays)*len(all) {
		return // -run has chosen some
	}
	for _, call := range target.calls(t) {
		if !failed[call] && !slices.Contains(unfailing, call) {
			t.Errorf("%s calls %s, which has failed in no run", target.Name, call)
		}
	}
}

// allFailures are a fault for each call and errno.
func allFailures() (all []sim.Fault) {
	for _, row := range failures {
		for _, call := range row.calls {
			for _, errno := range row.errnos {
				all = append(all, sim.Fault{Call: call, Errno: errno})
			}
		}
	}
	return all
}

// mostPositions is more calls of one name than a server makes.
const mostPositions = 1000

// positions plays a fault that happens once at each call that the server makes, and another one at the
// first call alone: to begin with a later one would change little. With few it leaves out some of the
// later calls. It returns in how many runs the fault has happened.
func positions(t *testing.T, f sim.Fault, few bool, play func(*testing.T, sim.Fault) bool) (runs int) {
	for ; f.Skip < mostPositions; f.Skip++ {
		played, happened := false, false
		ok := t.Run(fmt.Sprint("call ", f.Skip+1), func(t *testing.T) { played, happened = true, play(t, f) })
		if happened {
			runs++
		}
		if played && !happened || !ok || f.Times != 1 {
			return runs // the server doesn't make so many calls
		}
		if few {
			f.Skip += f.Skip / 2
		}
	}
	return runs
}

// calls are the names of the calls that the server makes, from its start to its end.
func (target Target) calls(t *testing.T) (names []string) {
	m := target.ready(t, sim.Config{Trace: func(e sim.Event) {
		if e.Caller.Line != 0 && !slices.Contains(names, e.Call) { // those of clients have no Caller
			names = append(names, e.Call)
		}
	}})
	m.serve()
	m.old.leave()
	m.socket.leave()
	m.finish()
	return names
}

// unfailing are the calls of which package sim knows no failure that Linux could have.
var unfailing = strings.Fields("exit exit_group futex nanosleep prlimit64 rt_sigaction rt_sigtimedwait")
