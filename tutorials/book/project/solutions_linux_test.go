package project

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"threeloops/tutorials/tester"
)

// need returns the path of a program. If the program is missing, need skips the test, or fails it if
// the environment has THREELOOPS_REQUIRE=all.
func need(t *testing.T, program string) string {
	t.Helper()
	found, err := exec.LookPath(program)
	switch {
	case err == nil:
		return found
	case os.Getenv("THREELOOPS_REQUIRE") == "all":
		t.Fatal(program + " is not installed, and THREELOOPS_REQUIRE=all")
	}
	t.Skip(program + " is not installed")
	return ""
}

// start returns the command that starts a solution. It builds the solution if its language needs that.
func start(t *testing.T, s Solution) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join(repository, s.Path))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "server")
	switch filepath.Ext(source) {
	case ".go":
		run(t, "go", "build", "-buildvcs=false", "-o", program, filepath.Dir(source))
		return program + " -addr {addr}"
	case ".c":
		run(t, need(t, "gcc"), "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source)
		return program + " {port}"
	}
	return need(t, "python3") + " " + source + " {port}"
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if said, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, said)
	}
}

// Each solution passes all checks of its project, and none is left out.
func TestTheSolutionsPass(t *testing.T) {
	room := make(chan struct{}, 3) // solutions that are tested at the same time: mostly they wait
	var all sync.WaitGroup
	defer all.Wait()
	for _, p := range load(t) {
		solutions, err := p.Solutions()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range solutions {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(p.Kind+"/"+s.Name, func(t *testing.T) { prove(t, p, s) })
			})
		}
	}
}

func prove(t *testing.T, p *Project, s Solution) {
	results, err := tester.Run(t.Context(), tester.Options{
		Server: start(t, s), Kinds: []string{p.Kind}, Last: p.After, Only: p.Names(), Path: "/", WSPath: "/",
		Patience: 10 * time.Second, Wait: 30 * time.Second,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(p.Checks) {
		t.Errorf("%d results for %d checks", len(results), len(p.Checks))
	}
	for _, r := range results {
		if r.Verdict != tester.OK {
			t.Errorf("%s: %s: %s", r.Check, r.Verdict, r.Why)
		}
	}
}
