package simulation

import (
	"embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/conformance"
	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// Options say what Test plays. Flags makes flags of the test's command line of them.
type Options struct {
	Seeds    uint64 // how many
	First    uint64 // the first of them
	Seed     uint64 // play this one alone; 0: play Seeds
	Scenario string // play the file alone that has this scenario
	Stop     int    // after so many failures
	Shorten  bool   // look for the shortest scenario of a failure
	Progress string // a file with the next seed: a run that was cut off goes on there; empty: none
}

// Flags defines the flags -seeds, -first, -seed, -scenario and -stop.
func Flags() *Options {
	o := new(Options)
	flag.Uint64Var(&o.Seeds, "seeds", 50, "play this number of seeds")
	flag.Uint64Var(&o.First, "first", 1, "begin with this seed")
	flag.Uint64Var(&o.Seed, "seed", 0, "play only this seed")
	flag.StringVar(&o.Scenario, "scenario", "", "play only the scenario in this file")
	flag.IntVar(&o.Stop, "stop", 3, "stop after this number of failures")
	flag.BoolVar(&o.Shorten, "shorten", true, "look for the shortest scenario that shows a failure")
	flag.StringVar(&o.Progress, "progress", "", "keep the number of the next seed in this `file`, and begin with it")
	return o
}

// stuck is how long a seed may take on the real clock. It takes milliseconds mostly, and seconds at most.
const stuck = 3 * time.Minute

// Test plays seeds on a server. It fails for each that shows something wrong, with the shortest
// scenario that shows it, and the command that plays it.
func Test(t *testing.T, target simtest.Target, o *Options) {
	if o.Scenario != "" {
		text, err := os.ReadFile(o.Scenario)
		if err != nil {
			t.Fatal(err)
		}
		playText(t, target, string(text))
		return
	}
	corpus := Corpus(t)
	first, last := o.span(t)
	var calls uint64
	failures, start := 0, time.Now()
	for seed := first; seed <= last && failures < o.Stop; seed++ {
		s := parse(t, Generate(target.Name, seed, corpus))
		watch := time.AfterFunc(stuck, func() {
			panic(fmt.Sprintf("seed %d: %s hasn't ended after %v: a thread waits for something outside the kernel, such as a mutex",
				seed, target.Name, stuck))
		})
		f, n := Play(target, s, nil)
		watch.Stop()
		if calls += n; f != nil {
			failures++
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { o.report(t, target, s, f) })
		}
		o.keep(t, seed+1, last)
	}
	t.Logf("%s: seeds %d to %d, %d system calls in %v, %d failures", target.Name, first, last, calls,
		time.Since(start).Round(time.Millisecond), failures)
}

// TestCore plays seeds on the protocol core.
func TestCore(t *testing.T, o *Options) {
	corpus := Corpus(t)
	first, last := o.span(t)
	runs := 0
	for seed := first; seed <= last; seed++ {
		s := parse(t, Generate("core", seed, corpus))
		n, f := PlayCore(s)
		if runs += n; f != nil {
			t.Fatalf("seed %d: %v\n%s", seed, f, s)
		}
		o.keep(t, seed+1, last)
	}
	t.Logf("seeds %d to %d: %d clients", first, last, runs)
}

// span is the first and the last seed to play.
func (o *Options) span(t *testing.T) (first, last uint64) {
	if o.Seed > 0 {
		return o.Seed, o.Seed
	}
	first, last = o.First, o.First+o.Seeds-1
	if o.Progress == "" {
		return first, last
	}
	text, err := os.ReadFile(o.Progress)
	if err != nil {
		return first, last // it doesn't exist yet
	}
	next, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		t.Fatalf("%s has no number of a seed: %v", o.Progress, err)
	}
	if next > last {
		t.Skipf("all seeds up to %d were played: remove %s to play them again", last, o.Progress)
	}
	return next, last
}

// keep keeps the number of the next seed now and then.
func (o *Options) keep(t *testing.T, next, last uint64) {
	const often = 1000
	if o.Progress == "" || next%often != 0 && next <= last {
		return
	}
	if err := os.WriteFile(o.Progress, fmt.Appendln(nil, next), 0o600); err != nil {
		t.Fatal(err)
	}
}

//go:embed testdata
var scenarios embed.FS

// Scenarios plays the scenarios in testdata: each has shown a fault of a server once.
func Scenarios(t *testing.T, target simtest.Target) {
	const dir = "testdata"
	all, err := scenarios.ReadDir(dir)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d scenarios, %v", len(all), err)
	}
	for _, file := range all {
		t.Run(strings.TrimSuffix(file.Name(), ".txt"), func(t *testing.T) {
			text, err := scenarios.ReadFile(dir + "/" + file.Name())
			if err != nil {
				t.Fatal(err)
			}
			playText(t, target, string(text))
		})
	}
}

// Corpus are the streams of peers in the conformance table's traces, which clients send, too. A
// trace with flags needs another server, /stats and /metrics differ from run to run, and the length
// of a compressed message may depend on how it was cut.
func Corpus(t testing.TB) (all [][]byte) {
	for _, tr := range conformance.Traces(t) {
		text := string(tr.Sent())
		if len(tr.Flags) == 0 && text != "" && len(text) < 4000 &&
			!strings.Contains(text, "/chat") && !strings.Contains(text, "/stats") && !strings.Contains(text, "/metrics") &&
			!strings.Contains(text, "permessage-deflate") && !strings.Contains(text, "/_/crash") {
			all = append(all, []byte(text))
		}
	}
	return all
}

func parse(t *testing.T, text string) *sim.Scenario {
	t.Helper()
	s, err := sim.ParseScenario(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s
}

// playText plays the text of a scenario.
func playText(t *testing.T, target simtest.Target, text string) {
	t.Helper()
	s := parse(t, text)
	if f, _ := Play(target, s, nil); f != nil {
		t.Errorf("%s: %v\n%s", target.Name, f, s)
	}
}

// report reports the failure of a seed.
func (o *Options) report(t *testing.T, target simtest.Target, s *sim.Scenario, f *Failure) {
	t.Errorf("seed %d: %s: %v", s.Seed, target.Name, f)
	if !o.Shorten {
		return
	}
	short, shortFailure := Shorten(target, s, f)
	dir, err := os.MkdirTemp("", "simulation")
	if err != nil {
		t.Fatal(err)
	}
	scenario, trace := filepath.Join(dir, "scenario.txt"), filepath.Join(dir, "trace.txt")
	var calls strings.Builder
	Play(target, short, func(e sim.Event) { fmt.Fprintln(&calls, e) })
	if err := os.WriteFile(scenario, []byte(short.String()), 0o600); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(trace, []byte(calls.String()), 0o600); err != nil {
		t.Error(err)
	}
	again := "go test -tags sim ./" + target.Name + " -run '^TestSimulation$' "
	t.Errorf("%d of %d lines show it: %v\n%s\nplay it again:\n    %s-seed %d\n    %s-scenario %s\nits system calls: %s",
		len(short.Actions)+len(short.Faults), len(s.Actions)+len(s.Faults), shortFailure, short,
		again, s.Seed, again, scenario, trace)
}
