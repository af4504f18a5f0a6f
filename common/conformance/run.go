package conformance

import (
	"embed"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/tracetest"
)

//go:embed traces
var files embed.FS

// Traces returns the whole table.
func Traces(t testing.TB) []*tracetest.Trace {
	t.Helper()
	all, err := tracetest.Load(files, "traces/*.trace")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// How often each trace is cut at places that a seed chooses, beside being played whole and byte by
// byte. In memory a cut costs nothing but processor time, a simulated server shows more for it: the
// order of threads, the sizes of buffers and interrupted calls differ from cut to cut. Over a real
// socket a cut takes a connection, and all that it adds is Linux. So there few cuts are enough, and a
// trace that waits, or that stalls, isn't cut: it would wait again each time, to show what depends on
// time and not on cuts.
const (
	cuts       = 100
	fewCuts    = 30 // of a server for which Target.Few is set
	socketCuts = 10
	shortCuts  = 10 // with go test -short
)

// How much is played in parallel.
const (
	tracesAtOnce = 16  // each has one peer that sends byte by byte, and mostly waits
	atOnce       = 12  // further connections
	waitAtOnce   = 102 // of traces that wait
	slowAtOnce   = 51  // of those that do so with full sockets
)

// Run plays the table against target. Subtests are named by the traces' titles
// and the cuttings; servers are shared by traces that have the same flags.
func Run(t *testing.T, target Target) {
	n := cuts
	switch {
	case target.Start != nil:
		n = socketCuts
	case testing.Short():
		n = shortCuts
	case target.Few:
		n = fewCuts
	}
	run(t, target, n)
}

// run is Run with n seeded cuts. It plays traces that wait before the others: they measure time, so they
// need free processors. Traces that wait with full sockets are less sensitive.
func run(t *testing.T, target Target, n int) {
	var waiting, stalled, others []*tracetest.Trace
	for _, tr := range Traces(t) {
		switch {
		case tr.Waits == 0:
			others = append(others, tr)
		case tr.Stalls:
			stalled = append(stalled, tr)
		default:
			waiting = append(waiting, tr)
		}
	}
	r := &runner{t: t, target: target, cuttings: tracetest.Cuttings(n), servers: map[string]*Server{}}
	r.playTogether(waiting, waitAtOnce)
	var wg sync.WaitGroup
	wg.Go(func() { r.playTogether(stalled, slowAtOnce) })
	r.playTogether(others, atOnce)
	wg.Wait()
	for flags, server := range r.servers {
		checkFaults(t, server, flags)
		server.Stop()
	}
}

// runner plays traces against one target.
type runner struct {
	t        *testing.T
	target   Target
	cuttings []tracetest.Cutting

	kernel  sync.Mutex // held while a simulated kernel runs: only one may run at a time
	mu      sync.Mutex
	servers map[string]*Server // by flags
}

// playTogether plays several traces in parallel. At most so many connections are busy at the same time;
// those that send byte by byte don't count.
func (r *runner) playTogether(traces []*tracetest.Trace, most int) {
	together := tracesAtOnce
	if r.target.Start == nil { // in memory nothing waits
		most, together = runtime.GOMAXPROCS(0), 1
	}
	room := make(chan struct{}, most)
	some := make(chan struct{}, together)
	var wg sync.WaitGroup
	for _, tr := range traces {
		some <- struct{}{}
		wg.Go(func() {
			defer func() { <-some }() // also where a server that doesn't start ends the goroutine
			r.t.Run(tr.Title, func(t *testing.T) { r.play(t, tr, room) })
		})
	}
	wg.Wait()
}

// play is Play of tracetest.Core or tracetest.Socket.
type play func(*tracetest.Trace, tracetest.Cutting) ([]byte, error)

// outcome is the result of one trace in one cutting.
type outcome struct {
	bytes []byte
	err   error
}

func (r *runner) play(t *testing.T, tr *tracetest.Trace, room chan struct{}) {
	want, err := core.Play(tr, r.cuttings[0])
	if err != nil {
		t.Fatalf("the core, whole: %v", err)
	}
	play := play(core.Play)
	switch {
	case r.target.Main != nil:
		play = r.oneAtATime(r.target.simulate(tr.Flags))
	case r.target.Start != nil:
		play = tracetest.Socket{Addr: r.server(tr.Flags).Addr}.Play
	}
	cuttings := r.cuttings
	if r.target.Start != nil && (tr.Waits > 0 || tr.Stalls) {
		cuttings = tracetest.Cuttings(0)
	}
	for i, got := range playAll(tr, cuttings, play, room) {
		t.Run(cuttings[i].Name, func(t *testing.T) {
			if got.err != nil {
				t.Fatal(got.err)
			}
			if string(want) != string(got.bytes) {
				t.Errorf("want the core's bytes (-want +got):\n%s", cmp.Diff(lines(want), lines(got.bytes)))
			}
		})
	}
}

func (r *runner) oneAtATime(play play) play {
	return func(tr *tracetest.Trace, cut tracetest.Cutting) ([]byte, error) {
		r.kernel.Lock()
		defer r.kernel.Unlock()
		return play(tr, cut)
	}
}

// playAll plays tr in each of the cuttings. The one that sends byte by byte starts immediately, the others when
// there is room.
func playAll(tr *tracetest.Trace, cuttings []tracetest.Cutting, play play, room chan struct{}) []outcome {
	all := make([]outcome, len(cuttings))
	var wg sync.WaitGroup
	for i, cut := range cuttings {
		if cut.ByByte() {
			wg.Go(func() { all[i].bytes, all[i].err = play(tr, cut) })
			continue
		}
		room <- struct{}{}
		wg.Go(func() {
			all[i].bytes, all[i].err = play(tr, cut)
			<-room
		})
	}
	wg.Wait()
	return all
}

// server returns the target's server with these flags. The first call for these flags starts it.
func (r *runner) server(flags []string) *Server {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := strings.Join(flags, " ")
	if r.servers[key] == nil {
		r.servers[key] = r.target.Start(r.t, writeLists(r.t, flags)...)
	}
	return r.servers[key]
}

// checkFaults fails the test if the server's sessions ever made a transition that their table of phases
// declares impossible.
func checkFaults(t *testing.T, server *Server, flags string) {
	if strings.Contains(flags, "-hosts") {
		return // with other hosts the server rejects this request
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	reply, err := client.Get("http://" + server.Addr + "/stats")
	if err != nil {
		t.Errorf("want /stats: %v", err)
		return
	}
	defer reply.Body.Close()
	var stats struct{ Totals map[string]int }
	if err := json.NewDecoder(reply.Body).Decode(&stats); err != nil {
		t.Errorf("want /stats in JSON: %v", err)
	}
	if n := stats.Totals["faults"]; n != 0 {
		t.Errorf("want no impossible transition, got %d (flags %q)", n, flags)
	}
}

func lines(b []byte) []string { return strings.SplitAfter(string(b), "\n") }
