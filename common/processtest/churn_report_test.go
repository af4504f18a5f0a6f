package processtest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// report says what there was.
func (s *turmoil) report(span time.Duration) {
	t, l := s.t, s.ledger
	t.Logf("%d members, %v: %d messages of witnesses, %d entries, %d lives, %d deliveries compared, %d killed",
		s.size, span, s.round, len(l.entries), len(l.lives), l.heard, s.killed)
	for _, name := range slices.Sorted(maps.Keys(s.farewells)) {
		t.Logf("%6d left by %s", s.farewells[name], name)
	}
	t.Logf("%6d pollers left, %d let their session expire, %d missed something", s.quit.Load(), s.expired.Load(), s.missed.Load())
	for what, all := range map[string][]time.Duration{"alone": s.alone, "beside who reads nothing": s.beside} {
		slices.Sort(all)
		if n := len(all); n > 0 {
			t.Logf("latency %s: p50 %v, p99 %v of %d", what, all[n/2], all[n*99/100], n)
		}
	}
	alone, beside := s.alone[len(s.alone)/2], s.beside[len(s.beside)/2]
	if most := 50*alone + time.Second/2; beside > most {
		t.Errorf("latency beside members who read nothing: got %v, want at most %v", beside, most)
	}
}

var (
	goodbye    = regexp.MustCompile(`level=INFO msg="shutting down"`)
	killedLine = regexp.MustCompile(`level=ERROR msg="a child has failed" .* status="signal: killed"`)
)

// checkLog fails if the server has said anything but that children were killed.
func (s *turmoil) checkLog() {
	n := 0
	for line := range strings.Lines(s.Log()) {
		switch {
		case killedLine.MatchString(line):
			n++
		case !goodbye.MatchString(line):
			s.t.Errorf("the server says %s", line)
		}
	}
	if err := equal("children killed, as the server says", n, s.killed); err != nil {
		s.t.Error(err)
	}
}
