package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
)

// What the Hub sends depends only on what it is told. So a run can be repeated.
func TestTheSameMessagesGiveTheSameResult(t *testing.T) {
	first := play(1)
	if diff := cmp.Diff(first, play(1)); diff != "" {
		t.Errorf("the second run of the same messages (-first +second):\n%.2000s", diff)
	}
	for _, kind := range []string{"joined", "left", "said", "done", "more"} {
		if n := strings.Count(strings.Join(first, "\n"), kind); n < 100 {
			t.Errorf("the run has %d lines with %q, want at least 100: it isn't a test of all kinds", n, kind)
		}
	}
	if slices.Equal(first, play(2)) {
		t.Error("other messages give the same result")
	}
}

// play lets many members join, talk, poll and leave, in a way that seed decides, and returns what
// the Hub sends.
func play(seed uint64) []string {
	r, random := newRoom(), rand.New(rand.NewPCG(seed, 0))
	var tokens []hub.Token
	r.Hub = hub.New(func(place int, m *hub.Message) {
		r.lines = append(r.lines, fmt.Sprintf("%d: %s", place, line(m)))
	})
	for conn := range uint64(2000) {
		place := random.IntN(20)
		m := hub.Message{Kind: hub.Join, Conn: 1 + conn, Name: fmt.Sprintf("a member with a long name %d", conn)}
		switch random.IntN(8) {
		case 0, 1:
			if len(tokens) < 200 {
				m.Kind, m.Token = hub.Enter, hub.Token{byte(len(tokens)), 1}
				tokens = append(tokens, m.Token)
			}
		case 2, 3:
			if len(tokens) > 0 {
				m = hub.Message{Kind: hub.Poll, Conn: 1 + conn, Token: tokens[random.IntN(len(tokens))], Seq: 1 << 40}
			}
		case 4:
			m = hub.Message{Kind: hub.Say, Conn: 1 + random.Uint64N(conn+1), Text: []byte("hello")}
		case 5:
			m = hub.Message{Kind: hub.Leave, Conn: 1 + random.Uint64N(conn+1)}
		}
		r.Handle(r.now, place, &m)
		switch {
		case conn%100 == 50:
			r.PlaceLost(r.now, place)
		case conn%700 == 600:
			r.now = r.now.Add(2 * time.Minute)
			r.Tick(r.now)
		}
	}
	return r.lines
}
