package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// observation is what testdata/observe.cjs prints.
type observation struct {
	Phases [][]string
	Events []struct {
		Call   string
		Caller struct {
			Func, File string
			Line       int
		}
	}
}

// A program for the browser tells the phases of its connections. The lines that it names are those of
// the source that the site shows, also below the statement that the overlay adds.
func TestAProgramTellsItsPhasesAndLines(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	node, err := exec.LookPath("node")
	switch {
	case err != nil && os.Getenv("THREELOOPS_REQUIRE") == "all":
		t.Fatalf("%v, and THREELOOPS_REQUIRE=all", err)
	case err != nil:
		t.Skip("without node, no program for the browser is run: install nodejs")
	}
	root, site := repository(t), filepath.Join(t.TempDir(), "site")
	if err := Build(t.Context(), root, site); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(root + "/" + observedFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(source), "\n")
	for _, name := range Servers {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(node, "testdata/observe.cjs", filepath.Join(site, "lab/wasm_exec.js"),
				filepath.Join(site, "lab", name+".wasm.gz"), name)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			var o observation
			if err := json.Unmarshal(out, &o); err != nil {
				t.Fatalf("%v in %.200q", err, out)
			}
			checkPhases(t, o)
			checkLines(t, o, lines)
		})
	}
}

func checkPhases(t *testing.T, o observation) {
	t.Helper()
	// First A's request lacks its end. Later A's connection is closed, and B has sent nothing yet. Both have
	// 10 seconds for the head.
	if d := cmp.Diff([][]string{{"head, 0 bytes queued, due at 10301 ms"}, {"fresh, 0 bytes queued, due at 10401 ms"}}, o.Phases); d != "" {
		t.Errorf("the phases at two times (-want +got):\n%s", d)
	}
}

// checkLines checks that the calls made in observedFile come from lines that make these calls.
func checkLines(t *testing.T, o observation, lines []string) {
	t.Helper()
	found := make(map[string]bool)
	for _, e := range o.Events {
		if e.Caller.File != "threeloops/"+observedFile {
			continue
		}
		found[e.Call] = true
		call := "sys." + strings.ToUpper(e.Call[:1]) + e.Call[1:] + "("
		if e.Caller.Line > len(lines) || !strings.Contains(lines[e.Caller.Line-1], call) {
			t.Errorf("%s is made in line %d, which doesn't contain %s", e.Call, e.Caller.Line, call)
		}
	}
	if !found["shutdown"] || !found["close"] {
		t.Errorf("%s made the calls %v, want shutdown and close among them", observedFile, found)
	}
}
