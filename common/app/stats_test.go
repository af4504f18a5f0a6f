package app

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/stat"
)

// counted returns an App on a board with four slots. The first and the third slot are free, and the
// writer of the last one serves a single connection.
func counted() (*App, stat.Board) {
	b := make(stat.Board, 4)
	for _, i := range []int{1, 3} {
		for c := stat.Accepted; c < stat.Counters; c++ {
			b[i].Set(c, 1000*(i+1)+int(c))
		}
		b[i].Set(stat.Pid, 1000*(i+1))
	}
	b[3].Assign(12, netip.MustParseAddrPort("[::1]:5000"))
	b[3].Set(stat.Phase, 4)
	return local(func(o *Options) { o.Board, o.Slot, o.Name = b, 1, "forkserv" }), b
}

func TestStatsIsJSON(t *testing.T) {
	a, b := counted()
	var got map[string]any
	if err := json.Unmarshal([]byte(ask(t, a, "GET /stats").body), &got); err != nil {
		t.Fatal(err)
	}
	row := func(get func(stat.Counter) uint64, more map[string]any) map[string]any {
		for c := stat.Accepted; c < stat.Counters; c++ {
			more[c.String()] = float64(get(c))
		}
		return more
	}
	want := map[string]any{
		"server": "forkserv", "pid": 2000.0, "connection": 7.0, "connections": 0.0, "ready_per_round": 1.0,
		"totals": row(b.Sum, map[string]any{}),
		"slots": []any{
			row(b[1].Get, map[string]any{"slot": 1.0, "pid": 2000.0, "ready_per_round": 1.0}),
			row(b[3].Get, map[string]any{"slot": 3.0, "pid": 4000.0, "ready_per_round": 1.0,
				"connection": 12.0, "peer": "[::1]:5000", "phase": "reply"}),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("/stats (-want +got):\n%s", diff)
	}
}

// The server must not show the addresses of peers to everybody who can reach it.
func TestStatsShowPeersOnLoopbackOrToAllowedHostsOnly(t *testing.T) {
	hosts := []string{"localhost"}
	for _, tt := range []struct {
		title string
		o     Options
		shown bool
	}{
		{"on loopback", Options{Loopback: true}, true},
		{"with an allow list", Options{Hosts: hosts}, true},
		{"with an allow list that may change", Options{Lists: func() *Lists { return &Lists{Hosts: hosts} }}, true},
		{"without an allow list", Options{}, false},
		{"without an allow list that may change", Options{Lists: func() *Lists { return &Lists{} }}, false},
	} {
		tt.o.Board = make(stat.Board, 1)
		tt.o.Board[0].Assign(12, netip.MustParseAddrPort("192.0.2.1:5000"))
		tt.o.Board[0].Set(stat.Pid, 1)
		text := ask(t, New(tt.o), "GET /stats").body
		if got := strings.Contains(text, "192.0.2.1"); got != tt.shown || !json.Valid([]byte(text)) {
			t.Errorf("%s: want peers shown: %v, got %s", tt.title, tt.shown, text)
		}
	}
}

func TestStatsShowHowManyDescriptorsWereReadyPerIteration(t *testing.T) {
	a, b := counted()
	clear(b)
	b[1].Set(stat.Pid, 1)
	b[1].Set(stat.Rounds, 8)
	b[1].Set(stat.Ready, 9)
	if text := ask(t, a, "GET /stats").body; strings.Count(text, `"ready_per_round":1.125,`) != 2 {
		t.Errorf("want ready_per_round 1.125 for 9 ready in 8 rounds, got %s", text)
	}
}

func TestStatsOfAnEmptyBoardIsJSON(t *testing.T) {
	if text := ask(t, local(nil), "GET /stats").body; !json.Valid([]byte(text)) {
		t.Errorf("this isn't valid JSON: %s", text)
	}
}

// exposition parses the part of Prometheus' text format that we use. Each family has a line of
// help, a line with its type, and its samples.
func exposition(t *testing.T, text string) (kinds map[string]string, values map[string]uint64) {
	t.Helper()
	form := regexp.MustCompile(`(?:# HELP ([a-z_]+) \S.*\n# TYPE ([a-z_]+) (counter|gauge)\n)|(?:([a-z_]+)(\{.*\}) (\d+)\n)`)
	kinds, values = map[string]string{}, map[string]uint64{}
	family, at := "", 0
	for _, m := range form.FindAllStringSubmatchIndex(text, -1) {
		field := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		if m[0] != at {
			t.Fatalf("%q is neither a family nor a sample", text[at:m[0]])
		}
		if at = m[1]; field(1) != "" {
			family = field(1)
			if family != field(2) || kinds[family] != "" {
				t.Errorf("%q has two names, or appears twice", field(0))
			}
			kinds[family] = field(3)
			continue
		}
		if field(4) != family {
			t.Errorf("%q is in the family %s", field(0), family)
		}
		values[field(4)+field(5)], _ = strconv.ParseUint(field(6), 10, 64)
	}
	if at != len(text) {
		t.Fatalf("%q is neither a family nor a sample", text[at:])
	}
	return kinds, values
}

func TestMetricsIsPrometheusText(t *testing.T) {
	a, b := counted()
	kinds, got := exposition(t, ask(t, a, "GET /metrics").body)
	want := map[string]uint64{`threeloops_connections{server="forkserv"}`: 0}
	types := map[string]string{"threeloops_connections": "gauge"}
	for c := stat.Accepted; c < stat.Counters; c++ {
		name, kind := c.String()+"_total", "counter"
		if c.Kind() != stat.Total {
			name, kind = c.String(), "gauge"
		}
		want["threeloops_"+name+`{server="forkserv"}`] = b.Sum(c)
		types["threeloops_"+name] = kind
		if !slices.Contains(perSlot, c) {
			continue
		}
		types["threeloops_slot_"+name] = kind
		for _, i := range []int{1, 3} {
			labels := fmt.Sprintf(`{server="forkserv",slot="%d",pid="%d"}`, i, 1000*(i+1))
			want["threeloops_slot_"+name+labels] = b[i].Get(c)
		}
	}
	if diff := cmp.Diff(types, kinds); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestFiguresAreNotCached(t *testing.T) {
	for _, path := range []string{"/stats", "/metrics", "/healthz"} {
		if got := ask(t, local(nil), "GET "+path).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: got Cache-Control %q, want no-store", path, got)
		}
	}
}
