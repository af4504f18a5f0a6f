package planted

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	// whichVariable in the environment asks for the run: 1 for all faults, seen or unseen for a part
	// of them, or the name of one.
	whichVariable = "THREELOOPS_PLANTED"
	// seedsVariable in the environment replaces mostSeeds.
	seedsVariable = "THREELOOPS_PLANTED_SEEDS"
	// mostSeeds is the number of seeds within which a fault must be found.
	mostSeeds = 10_000
	// limit is the most time for one fault in one server. If the server never makes a system call
	// again, the simulation can't end it.
	limit = time.Hour
)

// result is what the simulation test has said about a fault in a server.
type result struct {
	fault, server string
	found         bool
	seed          int // the first that failed
	took          time.Duration
	why           string // the test neither passed nor named a seed
}

// TestPlantedFaultsAreFound runs the simulation test of each server with each fault that is planted
// for it. The test must fail.
func TestPlantedFaultsAreFound(t *testing.T) {
	which := os.Getenv(whichVariable)
	if which == "" {
		t.Skipf("it takes hours: set %s to 1, or to the name of a fault", whichVariable)
	}
	seeds := mostSeeds
	if n := os.Getenv(seedsVariable); n != "" {
		var err error
		if seeds, err = strconv.Atoi(n); err != nil {
			t.Fatalf("%s: %v", seedsVariable, err)
		}
	}
	faults, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if faults = choose(faults, which); len(faults) == 0 {
		t.Fatalf("%s: there is no fault %q", whichVariable, which)
	}
	var all []result
	for _, f := range faults {
		for _, server := range f.Servers {
			r := run(t, &f, server, seeds)
			all = append(all, r)
			fmt.Fprintln(os.Stderr, r) // a run of all takes hours, so each line is shown when it is known
			if !r.found {
				t.Error(r)
			}
		}
	}
	t.Log("\n" + table(all))
}

// choose returns the faults that the environment asks for.
func choose(all []Fault, which string) []Fault {
	return slices.DeleteFunc(all, func(f Fault) bool {
		switch which {
		case "1":
			return false
		case "seen", "unseen":
			return f.Unseen != (which == "unseen")
		}
		return f.Name != which
	})
}

func TestChoose(t *testing.T) {
	for which, want := range map[string]string{"1": "abc", "seen": "ac", "unseen": "b", "c": "c", "d": ""} {
		got := ""
		for _, f := range choose([]Fault{{Name: "a"}, {Name: "b", Unseen: true}, {Name: "c"}}, which) {
			got += f.Name
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", which, got, want)
		}
	}
}

// run runs the simulation test of a server with a fault.
func run(t *testing.T, f *Fault, server string, seeds int) result {
	t.Helper()
	overlay, err := f.Overlay(root, t.TempDir())
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	cmd := exec.Command("go", "test", "-tags=sim", "-overlay="+overlay, "-timeout="+limit.String(),
		"./"+server, "-run=^TestSimulation$", "-seeds="+strconv.Itoa(seeds), "-stop=1", "-shorten=false")
	cmd.Dir = root
	start := time.Now()
	out, err := cmd.CombinedOutput()
	r := result{fault: f.Name, server: server, took: time.Since(start)}
	r.judge(string(out), err != nil)
	return r
}

var failedSeed = regexp.MustCompile(`\bseed (\d+):`)

// judge reads the output of go test.
func (r *result) judge(out string, failed bool) {
	seed := failedSeed.FindStringSubmatch(out)
	switch {
	case failed && seed != nil:
		r.found = true
		r.seed, _ = strconv.Atoi(seed[1])
	case strings.Contains(out, "not defined: -seeds"):
		r.why = "there is no TestSimulation with the flag -seeds"
	case failed:
		lines := strings.Split(strings.TrimSpace(out), "\n")
		r.why = "failed without a seed: " + strings.Join(lines[max(0, len(lines)-5):], " | ")
	case strings.Contains(out, "no tests to run"):
		r.why = "there is no TestSimulation"
	}
}

func (r result) String() string {
	how := "not found"
	switch {
	case r.why != "":
		how = r.why
	case r.found:
		how = fmt.Sprintf("seed %d", r.seed)
	}
	return fmt.Sprintf("%-44s %-9s %-12s %v", r.fault, r.server, how, r.took.Round(time.Second/10))
}

// table is the results, and how many faults were found.
func table(all []result) string {
	var b strings.Builder
	var found []result
	for _, r := range all {
		fmt.Fprintln(&b, r)
		if r.found {
			found = append(found, r)
		}
	}
	fmt.Fprintf(&b, "%d of %d found", len(found), len(all))
	if n := len(found); n > 0 {
		slices.SortFunc(found, func(x, y result) int { return cmp.Compare(x.seed, y.seed) })
		fmt.Fprintf(&b, ", half of them up to seed %d, all up to seed %d", found[(n-1)/2].seed, found[n-1].seed)
	}
	return b.String() + "\n"
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		out    string
		failed bool
		want   result
	}{
		{"ok  \tthreeloops/pollserv\t12.3s\n", false, result{}},
		{"ok  \tthreeloops/pollserv\t0.1s [no tests to run]\n", false, result{why: "there is no TestSimulation"}},
		{"flag provided but not defined: -seeds\nUsage\nFAIL\n", true, result{why: "there is no TestSimulation with the flag -seeds"}},
		{"    simulation_test.go:20: seed 123: A got nothing\n replay: -seed 123\n seed 456: x\nFAIL\n", true, result{found: true, seed: 123}},
		{"# threeloops/common/conn\nx.go:1: undefined: y\nFAIL\tthreeloops/pollserv [build failed]\n", true,
			result{why: "failed without a seed: # threeloops/common/conn | x.go:1: undefined: y | FAIL\tthreeloops/pollserv [build failed]"}},
	} {
		var r result
		if r.judge(c.out, c.failed); r != c.want {
			t.Errorf("%q: got %+v, want %+v", c.out, r, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	got := table([]result{
		{fault: "a", server: "pollserv", found: true, seed: 90}, {fault: "a", server: "forkserv"},
		{fault: "b", server: "pollserv", found: true, seed: 3}, {fault: "c", server: "pollserv", found: true, seed: 7},
	})
	if !strings.HasSuffix(got, "3 of 4 found, half of them up to seed 7, all up to seed 90\n") {
		t.Error(got)
	}
}

// go's flag -overlay needs the real paths of the files.
func TestOverlay(t *testing.T) {
	f := Fault{Edits: []Edit{{"a.go", "one", "1"}}}
	dir, out := moduleOf(t, "one"), t.TempDir()
	path, err := f.Overlay(dir, out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := fmt.Sprintf(`{"Replace":{%q:%q}}`, filepath.Join(dir, "a.go"), filepath.Join(out, "a.go"))
	if string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
	if text, err := os.ReadFile(filepath.Join(out, "a.go")); string(text) != "1" {
		t.Errorf("got %q, %v", text, err)
	}
}
