package processtest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// logSummary logs what happened.
func (s *churn) logSummary(span time.Duration) {
	t, l := s.t, s.record
	t.Logf("%d members, %v: %d messages of observers, %v, %d killed",
		s.size, span, s.round, l, s.killed)
	for _, name := range slices.Sorted(maps.Keys(s.departures)) {
		t.Logf("%6d left by %s", s.departures[name], name)
	}
	t.Logf("%6d pollers left, %d let their session expire, %d missed something", s.quit.Load(), s.expired.Load(), s.missed.Load())
	for what, all := range map[string][]time.Duration{"alone": s.withoutSlow, "beside members who read nothing": s.withSlow} {
		slices.Sort(all)
		if n := len(all); n > 0 {
			t.Logf("latency %s: p50 %v, p99 %v of %d", what, all[n/2], all[n*99/100], n)
		}
	}
	alone, beside := s.withoutSlow[len(s.withoutSlow)/2], s.withSlow[len(s.withSlow)/2]
	if most := 50*alone + time.Second/2; beside > most {
		t.Errorf("latency beside members who read nothing: got %v, want at most %v", beside, most)
	}
}

var (
	shutdownLine = regexp.MustCompile(`level=INFO msg="shutting down"`)
	killedLine   = regexp.MustCompile(`level=ERROR msg="a child has failed" .* status="signal: killed"`)
)

// checkLog fails if the server has logged anything but that children were killed.
func (s *churn) checkLog() {
	n := 0
	for line := range strings.Lines(s.Log()) {
		switch {
		case killedLine.MatchString(line):
			n++
		case !shutdownLine.MatchString(line):
			s.t.Errorf("the server says %s", line)
		}
	}
	if err := equal("children killed, as the server says", n, s.killed); err != nil {
		s.t.Error(err)
	}
}
