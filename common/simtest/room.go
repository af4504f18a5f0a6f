package simtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/roomtest"
	"threeloops/common/sim"
	"threeloops/common/tracetest"
)

// seedsVariable in the environment is with how many seeds Room plays.
const seedsVariable = "THREELOOPS_SEEDS"

// seeds is how many are played if the environment names no number.
const seeds = 20

// How a room is played.
const (
	observers  = 3  // members that stay
	roomSize   = 10 // further members with a WebSocket, about
	pollers    = 3  // members without one
	roomRounds = 60

	mostFailed = 3 // seeds; no further ones are played

	// longest is how long the server may need until it has noticed a client that has fallen silent:
	// the idle timeout, or the room's own for a poller, and the time for a pong.
	longest = 3 * time.Minute
)

// Room has members join a room, speak and leave in every way there is, also by falling silent, while
// a few observers stay. It does so with many seeds, each of which also decides when threads run and
// which calls are interrupted. All members must receive the same messages in the same order, and each
// that leaves must be heard to leave. At the end the server must have nothing left of anybody.
func Room(t *testing.T, target Target) {
	n, failed := numberFrom(t, seedsVariable, seeds), 0
	for seed := 0; seed < n && failed < mostFailed; seed++ {
		ok := t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("replay it: %s=%d go test -tags sim ./%s -run '^%s$'",
						seedsVariable, seed+1, target.Name, strings.ReplaceAll(t.Name(), "/", "$/^"))
				}
			})
			target.playRoom(t, uint64(seed+1), nil)
		})
		if !ok {
			failed++
		}
	}
}

// numberFrom is the number that a variable of the environment has, or otherwise.
func numberFrom(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a positive number", variable, text)
	}
	return n
}

// room is a room whose members join and leave.
type room struct {
	*machine
	faults bool // calls fail now and then
	kills  bool // each client has a process of its own, which can be killed
	record *roomtest.Record

	observers []*member
	guests    []*member // that haven't begun to leave
	slow      []*member // that read nothing and are still members
	pollers   []*poller

	named, departed    int
	violations, killed int
	closable           int // members that may yet stop reading: to close one takes more than a mebibyte
	silent             int // pollers that have gone without a word
	leaving            bool
	ways               map[string]int // how often members left each way
}

// roomConfig varies by the seed what the kernel may decide.
func roomConfig(seed uint64, trace func(sim.Event)) sim.Config {
	rng := rand.New(rand.NewPCG(seed, 2))
	sends, receives := []int{0, 20_000, 100_000}, []int{0, 3000, 100_000}
	return sim.Config{
		Seed: seed, Shuffle: rng.IntN(4) > 0, Preempt: []int{0, 1, 3, 10}[rng.IntN(4)],
		SendBuffer: sends[rng.IntN(3)], ReceiveBuffer: receives[rng.IntN(3)], Trace: trace,
	}
}

func (target Target) playRoom(t testing.TB, seed uint64, trace func(sim.Event)) {
	m := target.boot(t, roomConfig(seed, trace), "-max-message=65536")
	s := &room{
		machine: m, kills: target.Name == "forkserv", record: roomtest.New(), ways: map[string]int{},
		closable: 2,
	}
	if s.faults = m.rand.IntN(2) == 0; s.faults {
		tracetest.InjectFaults(m.k, m.rand)
	}
	for range observers {
		s.observers = append(s.observers, s.join("observer", nil))
	}
	s.await("the observers join", time.Minute, func() bool {
		return !slices.ContainsFunc(s.observers, func(o *member) bool { return !o.joined })
	})
	for range pollers {
		s.pollers = append(s.pollers, s.poll())
	}
	for round := 1; round <= roomRounds; round++ {
		s.round(round)
	}
	s.end()
	s.check(seed)
}

// round has an observer speak, some guests join, speak and leave, and lets a little time pass.
func (s *room) round(round int) {
	padding := 0
	if s.rand.IntN(10) == 0 {
		padding = 16_000
	}
	s.observers[s.rand.IntN(observers)].say(round, padding)
	for range s.rand.IntN(4) {
		if len(s.guests)+len(s.slow) < roomSize {
			s.guests = append(s.guests, s.join("guest", s.ended))
		}
	}
	if len(s.guests) > 0 {
		s.guests[s.rand.IntN(len(s.guests))].say(0, s.rand.IntN(200))
		s.observers[0].sayTo(s.guests[s.rand.IntN(len(s.guests))].Name, 0)
	}
	s.observers[1].sayTo("nobody", 0)
	for range s.rand.IntN(3) {
		s.makeLeave(s.rand.IntN(len(departures)))
	}
	s.feedSlow()
	s.advance(time.Duration(s.rand.IntN(300)) * time.Millisecond)
}

// feedSlow sends much to the members that read nothing, until the room has closed them. Then they
// read again, or never.
func (s *room) feedSlow() {
	for _, m := range slices.Clone(s.slow) {
		for range 6 {
			s.observers[2].sayTo(m.Name, 20_000)
		}
	}
	s.settle()
	s.slow = slices.DeleteFunc(s.slow, func(m *member) bool {
		if s.record.IsMember(&m.Membership) && !m.over {
			return false
		}
		if m.how.readsAgain {
			m.ReadAgain()
			m.take()
		}
		return true
	})
}

// makeLeave makes a guest that has joined leave in a way.
func (s *room) makeLeave(way int) {
	i := slices.IndexFunc(s.guests, func(m *member) bool { return m.joined })
	if i < 0 {
		return
	}
	m, how := s.guests[i], &departures[way]
	if how.kill && !s.kills || how.slow && s.closable == 0 {
		return
	}
	if how.slow {
		s.closable--
	}
	s.guests = slices.Delete(s.guests, i, i+1)
	s.ways[how.name]++
	s.departed++
	m.how = how
	if how.violation {
		s.violations++
	}
	how.leave(m)
}

// end has all guests and pollers leave, lets enough time pass for those that have fallen silent, and
// has the observers leave, one after the other.
func (s *room) end() {
	s.leaving = true
	for range 200 {
		if len(s.slow)+len(s.guests)+len(s.pollers) == 0 {
			break
		}
		s.makeLeave(0)
		s.feedSlow()
		s.observers[0].say(0, 0) // polls are answered then
		s.advance(100 * time.Millisecond)
	}
	if left := len(s.slow) + len(s.guests) + len(s.pollers); left > 0 {
		s.t.Errorf("%d of the members that were asked to leave are still there", left)
	}
	s.await("only the observers are members", longest, func() bool { return s.record.CountMembers() == observers })
	for i, m := range s.observers {
		s.advanceUntil(time.Minute, func() bool { return s.record.CountMembers() == observers-i })
		m.how = &departures[0]
		m.how.leave(m)
		s.await("an observer leaves", time.Minute, func() bool { return m.over })
	}
}

// check checks what all have received, and that nothing is left.
func (s *room) check(seed uint64) {
	s.checkIdle(longest)
	last := s.observers[observers-1].Last
	late := s.join("late", nil)
	s.await("one more member joins", time.Minute, func() bool { return late.joined })
	if late.Others != 0 || late.First != last+2 {
		s.t.Errorf("after all have left, a new member is told of %d others and is entry %d; want none, and %d",
			late.Others, late.First, last+2)
	}
	late.how = &departures[0]
	late.how.leave(late)
	faults := s.record.Check(1, last)
	for _, fault := range faults[:min(len(faults), 20)] {
		s.t.Error(fault)
	}
	s.checkIdle(longest)
	s.checkStats()
	s.checkIdle(longest)
	s.stop(longest)
	s.checkLog()
	if !s.t.Failed() {
		s.t.Logf("seed %d: %v; left by %v, %d pollers without a word; %d system calls in %v",
			seed, s.record, s.ways, s.silent, s.k.Calls(), s.k.Uptime().Round(time.Second))
	}
}

var (
	shutdownLine = regexp.MustCompile(`level=INFO msg="shutting down"`)
	killedLine   = regexp.MustCompile(`level=ERROR msg="a child has failed" .*pid=(\d+) .*status="signal: killed"`)
	// unusedLine says that forkserv itself has killed a child in advance, because sendmsg(2) has failed.
	// In this test that takes an injected fault.
	unusedLine = regexp.MustCompile(`level=ERROR msg="a child was killed" .*pid=(\d+) .*error="it can't be given a connection"`)
)

// checkLog fails if the server has logged anything but that children were killed.
func (s *room) checkLog() {
	killed, unused := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(s.log()) {
		switch found, inVain := killedLine.FindStringSubmatch(line), unusedLine.FindStringSubmatch(line); {
		case s.kills && found != nil:
			killed[found[1]] = true
		case s.faults && inVain != nil:
			unused[inVain[1]] = true
		case !shutdownLine.MatchString(line):
			s.t.Errorf("the server says %s", line)
		}
	}
	for pid := range unused {
		delete(killed, pid)
	}
	if len(killed) != s.killed {
		s.t.Errorf("the server says that %d children were killed, want %d", len(killed), s.killed)
	}
}

// checkStats compares the server's counts with what the clients have done.
func (s *room) checkStats() {
	c := s.dial()
	c.get("/stats")
	s.await("an answer to /stats", time.Minute, func() bool { return len(c.responses) > 0 })
	c.leave()
	totals := totalsOf(s.t, c.responses[0].body)
	for _, want := range []struct {
		name string
		n    int
	}{{"accepted", s.dialed}, {"refused", 0}, {"faults", 0}, {"violations", s.violations}} {
		if got := totals[want.name]; got != want.n {
			s.t.Errorf("%s in /stats: got %d, want %d", want.name, got, want.n)
		}
	}
}
