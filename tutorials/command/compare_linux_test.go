package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"threeloops/tutorials/measure/compare"
)

// runCommand runs this program with args, and returns its standard output.
func runCommand(t *testing.T, args ...string) string {
	t.Helper()
	cmd := self(args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, &errs)
	}
	return string(out)
}

func TestCompareLeavesAReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	out := runCommand(t, "compare", "-rounds", "1", "-warm", "20ms", "-time", "100ms", "-conns", "3", "-o", dir,
		"epollserv", "nethttp")
	for _, want := range []string{"64 B x 3", "epollserv", "nethttp", "Fewer than 6 rounds"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	for _, name := range []string{"report.html", "report.json", "epollserv.txt", "nethttp.txt"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCompareKnowsWhereTheBaselinesAre(t *testing.T) {
	root, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, baselinesDir, "go.mod")); err != nil {
		t.Error(err)
	}
}

func TestLoadSaysWhoWasLoaded(t *testing.T) {
	url := "ws" + strings.TrimPrefix(servers(t)["epollserv"], "http") + "/echo"
	out := runCommand(t, "load", "-url", url, "-conns", "3", "-warm", "20ms", "-time", "200ms")
	if !strings.Contains(out, "epollserv, process ") || !strings.Contains(out, "all answered correctly") {
		t.Errorf("the output lacks the server or the correctness of the answers:\n%s", out)
	}
}

func TestCompareMeasuresLoops(t *testing.T) {
	out := runCommand(t, "compare", "-rounds", "1", "-warm", "20ms", "-time", "100ms", "-cases", "spread")
	for _, want := range []string{"400 connections among the loops", "epollserv-2", "connections of each loop"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
}

func TestANameSaysHowManyLoops(t *testing.T) {
	known := compare.Ours(t.TempDir())
	for name, want := range map[string]int{"epollserv-2": 2, "epollserv-64": 64} {
		if got, ok, err := withLoops(known, name); err != nil || !ok || got.Name != name || got.Loops != want {
			t.Errorf("%s is %q with %d loops, %v, %v; want %d", name, got.Name, got.Loops, ok, err, want)
		}
	}
	for _, name := range []string{"epollserv-1", "epollserv-65", "epollserv-two", "epollserv-"} {
		if _, _, err := withLoops(known, name); err == nil || !strings.Contains(err.Error(), "must be 2 to 64") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, ok, err := withLoops(known, "nginx-2"); ok || err != nil {
		t.Errorf("nginx-2 counts as a name of epollserv: %v, %v", ok, err)
	}
}
