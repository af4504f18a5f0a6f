package app

import (
	"bufio"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/stat"
)

// counted is an App on a board of four slots, of which the first and the third are free.
func counted() (*App, stat.Board) {
	b := make(stat.Board, 4)
	for i := range b {
		if i%2 == 0 {
			continue
		}
		for c := range stat.Counters {
			b[i].Set(c, 1000*(i+1)+int(c))
		}
	}
	return local(func(o *Options) { o.Board, o.Slot, o.Name = b, 1, "forkserv" }), b
}

func TestStatsIsJSON(t *testing.T) {
	type row map[string]uint64
	var got struct {
		Server          string
		Pid, Connection uint64
		Totals          row
		Slots           []row
	}
	a, b := counted()
	r := json.NewDecoder(strings.NewReader(ask(t, a, "GET /stats").body))
	r.DisallowUnknownFields()
	if err := r.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Server != "forkserv" || got.Pid != 2000 || got.Connection != 7 {
		t.Errorf("server %q, process %d, connection %d", got.Server, got.Pid, got.Connection)
	}
	totals, slots := row{}, []row{{}, {}}
	for c := range stat.Counters {
		if c != stat.Pid {
			totals[c.String()] = b.Sum(c)
		}
		for i, s := range []int{1, 3} {
			slots[i][c.String()] = b[s].Get(c)
		}
	}
	if diff := cmp.Diff(totals, got.Totals); diff != "" {
		t.Errorf("the totals (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slots, got.Slots); diff != "" {
		t.Errorf("the slots in use (-want +got):\n%s", diff)
	}
}

func TestStatsOfAnEmptyBoardIsJSON(t *testing.T) {
	if text := ask(t, local(nil), "GET /stats").body; !json.Valid([]byte(text)) {
		t.Errorf("this is no JSON: %s", text)
	}
}

// exposition parses Prometheus' text format, as far as it is used: a line with
// the type of each metric, followed by its one sample.
func exposition(t *testing.T, text string) (kinds map[string]string, values map[string]uint64) {
	t.Helper()
	sample := regexp.MustCompile(`^([a-z_]+)\{server="forkserv"\} (\d+)$`)
	kinds, values = map[string]string{}, map[string]uint64{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if typ, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(typ, " ")
			if kinds[name] != "" {
				t.Errorf("%s has two types", name)
			}
			kinds[name] = kind
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || kinds[m[1]] == "" {
			t.Fatalf("%q is no sample of a metric whose type was given", line)
		}
		n, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		values[m[1]] = n
	}
	return kinds, values
}

func TestMetricsIsPrometheusText(t *testing.T) {
	a, b := counted()
	kinds, got := exposition(t, ask(t, a, "GET /metrics").body)
	want := map[string]uint64{"threeloops_connections": 0}
	types := map[string]string{"threeloops_connections": "gauge"}
	for c := stat.Accepted; c < stat.Counters; c++ {
		want["threeloops_"+c.String()+"_total"] = b.Sum(c)
		types["threeloops_"+c.String()+"_total"] = "counter"
	}
	if diff := cmp.Diff(types, kinds); diff != "" {
		t.Errorf("the types (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the values (-want +got):\n%s", diff)
	}
}

// Counts are read while others add to them, so that a connection may be counted
// as closed, and not as accepted yet.
func TestConnectionsAreNeverLessThanNone(t *testing.T) {
	for _, c := range []struct{ accepted, closed, want int }{{5, 2, 3}, {2, 2, 0}, {1, 2, 0}} {
		a, b := counted()
		clear(b)
		b[0].Set(stat.Accepted, c.accepted)
		b[3].Set(stat.Closed, c.closed)
		_, got := exposition(t, ask(t, a, "GET /metrics").body)
		if n := got["threeloops_connections"]; n != uint64(c.want) {
			t.Errorf("%d accepted, %d closed: %d connections", c.accepted, c.closed, n)
		}
	}
}

func TestFiguresAreNotCached(t *testing.T) {
	for _, path := range []string{"/stats", "/metrics", "/healthz"} {
		if got := ask(t, local(nil), "GET "+path).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s has Cache-Control %q", path, got)
		}
	}
}
