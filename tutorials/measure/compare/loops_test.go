package compare

import (
	"io"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/measure/load"
)

// loops returns epollserv with n loops.
func loops(t *testing.T, n int) Target { return built(t)[2].WithLoops(n) }

func short(t *testing.T) *Bench {
	return &Bench{Root: t.TempDir(), Warm: 20 * time.Millisecond, Time: 200 * time.Millisecond}
}

func named(t *testing.T, list string) []Case {
	t.Helper()
	cases, err := CasesNamed(list)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// With 400 connections, a loop of two has less than 120 in one of 10^15 measurements.
func TestTheKernelSpreadsConnectionsOverLoops(t *testing.T) {
	b, all := short(t), named(t, "spread")
	r, err := b.Compare(t.Context(), []Target{loops(t, 2)}, all, 2, "")
	if err != nil {
		t.Fatal(err)
	}
	row := r.Tables[0].Rows[0]
	if row.Absent != "" || len(row.Samples) != 2 {
		t.Fatalf("%d samples; %s", len(row.Samples), row.Absent)
	}
	for _, s := range row.Samples {
		few, many := s.Values["conns-loop-1"], s.Values["conns-loop-2"]
		if few+many != 400 || few < 120 || few > many || s.Values[Even] != many/200 {
			t.Errorf("the loops have %v of 400 connections", s.Values)
		}
	}
}

func TestTheConnectionsOfProcessesAreCounted(t *testing.T) {
	fork := built(t)[0]
	c := page("page", 7)
	s, err := fork.start(&c, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	o := load.Options{Plan: c.Plan, PID: s.pid, Time: time.Millisecond}
	o.URL = s.address(&c)
	var counts []int
	o.Opened = func() error {
		// The child of a connection that has ended may still be there, without a connection.
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if counts, err = perChild(s.pid, strings.TrimPrefix(s.url, "http://")); err != nil {
				return err
			}
			counts = slices.DeleteFunc(counts, func(n int) bool { return n == 0 })
			if len(counts) == c.Active {
				break
			}
		}
		return nil
	}
	if _, err := load.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if want := slices.Repeat([]int{1}, c.Active); !slices.Equal(counts, want) {
		t.Errorf("the children have %v connections, want %v", counts, want)
	}
}

// Connections from the sources that arrange returns get the loops that it says.
func TestSourcesChooseTheLoop(t *testing.T) {
	target, c := loops(t, 3), named(t, "greedy")[0]
	s, err := target.start(&c, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	const loop = 1
	r, err := s.arrange(t.Context(), &c, loop)
	if err != nil {
		t.Fatal(err)
	}
	half := c.Active / 2
	sources := slices.Concat(r.greedy, r.alone[0], r.with[0])
	if len(r.greedy) != 1 || len(r.with[0]) != half || len(r.alone[1]) != half || len(r.with[1]) != half {
		t.Errorf("the sources are %+v", r)
	}
	for _, in := range []struct {
		sources []netip.AddrPort
		there   bool
	}{{sources, true}, {slices.Concat(r.alone[1], r.with[1]), false}} {
		o := load.Options{PID: s.pid, Time: time.Millisecond, Plan: load.Plan{
			Active: len(in.sources), Depth: 1, Size: 9, Sources: in.sources, URL: s.address(&c),
		}}
		o.Opened = func() error {
			counts, err := s.perLoop()
			want := 0
			if in.there {
				want = len(in.sources)
			}
			if err == nil && counts[loop] != want {
				t.Errorf("of %d connections, loop %d has %d, want %d", len(in.sources), loop, counts[loop], want)
			}
			return err
		}
		if _, err := load.Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryGroupOfQuietClientsIsMeasured(t *testing.T) {
	b, ours := short(t), built(t)
	targets := []Target{ours[2], ours[2].WithLoops(2), ours[1], ours[0], NetHTTP()}
	r, err := b.Compare(t.Context(), targets, named(t, "greedy,greedy-1MiB"), 1, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			about := table.Title + ", " + row.Server
			if row.Server == "forkserv" || row.Server == "nethttp" {
				if row.Absent != "it doesn't tell which loop has a connection" {
					t.Errorf("%s: the reason is %q", about, row.Absent)
				}
				continue
			}
			if row.Absent != "" {
				t.Errorf("%s: not measured: %s", about, row.Absent)
				continue
			}
			units := []string{P50Alone, P99Alone, P50Same, P99Same, GreedyRate}
			if row.Server == "epollserv-2" {
				units = append(units, P50Other, P99Other)
			}
			got := slices.Sorted(maps.Keys(row.Samples[0].Values))
			if d := cmp.Diff(slices.Sorted(slices.Values(units)), got); d != "" {
				t.Errorf("%s: wrong units (-want +got):\n%s", about, d)
			}
			for u, v := range row.Samples[0].Values {
				// The greedy client runs with SCHED_IDLE, and so perhaps not at all while the machine is busy.
				if v < 0 || v == 0 && u != GreedyRate {
					t.Errorf("%s: %s is %v", about, u, v)
				}
			}
			// Both groups send 1000 messages per second, less if the machine is busy.
			if n := row.Samples[0].Messages; n < 50 {
				t.Errorf("%s: the quiet clients had %d answers", about, n)
			}
		}
	}
}

func TestTablesOfLoopsHaveTheirColumns(t *testing.T) {
	spread := Table{Title: "4 connections", Kind: "spread", Rows: []Row{{Server: "epollserv-2", Samples: []Sample{
		{Values: map[string]float64{Even: 1.5, "conns-loop-1": 1, "conns-loop-2": 3}},
	}}}}
	greedy := Table{Title: "quiet clients", Kind: "greedy", Rows: []Row{{Server: "epollserv", Samples: []Sample{
		{Values: map[string]float64{P50Alone: 1e5, P99Alone: 2e5, P50Same: 3e5, P99Same: 4e6, GreedyRate: 9}},
	}}}}
	for _, c := range []struct {
		table Table
		cells []string
	}{
		{spread, []string{"epollserv-2", "1, 3", "1.50 (1.50–1.50)"}},
		{greedy, []string{"epollserv", "100µs (100µs–100µs)", "300µs (300µs–300µs)", "–", "200µs (200µs–200µs)",
			"4ms (4ms–4ms)", "–", "9"}},
	} {
		c.table.judge()
		if d := cmp.Diff([][]string{c.cells}, c.table.cells()); d != "" {
			t.Errorf("%s: wrong cells (-want +got):\n%s", c.table.Title, d)
		}
		r := Report{Rounds: 7, Tables: []Table{c.table}}
		var page strings.Builder
		if err := r.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		for _, column := range c.table.columns() {
			if !strings.Contains(page.String(), "<dt>"+column.head+"</dt>") {
				t.Errorf("%s: the page doesn't explain %q", c.table.Title, column.head)
			}
		}
		if strings.Contains(page.String(), "<svg") || len(r.Verdict()) > 0 {
			t.Errorf("%s: CPU time wasn't measured, so the page must have no chart and no verdict", c.table.Title)
		}
	}
}

func TestServersOfCasesAboutLoops(t *testing.T) {
	one := Ours("dir")[2]
	two := one.WithLoops(2)
	nginx := Target{Name: "nginx-2", Kind: "http", Page: "/hello", Loops: 2}
	spread, greedy := named(t, "spread")[0], named(t, "greedy")[0]
	for _, k := range []struct{ about, got, want string }{
		{"one loop is the default", strings.Join(one.args(&spread, ""), " "), "-addr 127.0.0.1:0"},
		{"several loops need a flag", strings.Join(two.args(&spread, ""), " "), "-addr 127.0.0.1:0 -loops 2"},
		{"the name says how many", two.Name, "epollserv-2"},
		{"the program prints its own name", two.printed(), "epollserv"},
		{"a baseline prints the name of its row", nginx.printed(), "nginx-2"},
		{"processes share connections", nginx.unfit(&spread), ""},
		{"nginx can't be asked for a loop", nginx.unfit(&greedy), "it serves no WebSockets"},
		{"goroutines aren't loops", (&Target{Kind: "both", Page: "/"}).unfit(&spread), "it has no loops that share the connections"},
	} {
		if k.got != k.want {
			t.Errorf("%s: %q, want %q", k.about, k.got, k.want)
		}
	}
}

func TestServersOfTwoLoopsGetTwoProcessors(t *testing.T) {
	one, two := named(t, "64B")[0], named(t, "loops")[0]
	for _, k := range []struct {
		about        string
		all          []int
		c            Case
		server, load []int
		where        string
	}{
		{"one loop", []int{0, 1}, one, []int{0}, []int{1}, ""},
		{"two processors are too few", []int{0, 1}, two, []int{0, 1}, []int{0, 1},
			"Here the server and the load generator shared the processors [0 1]"},
		{"three too", []int{1, 2, 3}, two, []int{1, 2, 3}, []int{1, 2, 3},
			"Here the server and the load generator shared the processors [1 2 3]"},
		{"four are enough", []int{4, 5, 6, 7}, two, []int{4, 5}, []int{6, 7},
			"Here the server ran on the processors [4 5], the load generator on [6 7]"},
	} {
		b := Bench{server: k.all[:1], load: k.all[1:]}
		server, load := b.places(&k.c)
		if !slices.Equal(server, k.server) || !slices.Equal(load, k.load) || b.where(&k.c) != k.where {
			t.Errorf("%s: server on %v, load on %v: %q", k.about, server, load, b.where(&k.c))
		}
	}
	if where := new(Bench).where(&two); where != "" {
		t.Errorf("without a choice of processors, the report says %q", where)
	}
}

// A process that sleeps n times has at least n voluntary context switches.
func TestSleepsAreCounted(t *testing.T) {
	cmd := exec.Command("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.001; done; echo done; exec sleep 60")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	io.ReadFull(out, make([]byte, 5))
	if n := switchesOf(cmd.Process.Pid); n < 10 {
		t.Errorf("a shell that waited for ten children slept %d times", n)
	}
}
