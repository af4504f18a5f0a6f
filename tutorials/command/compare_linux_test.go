package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
