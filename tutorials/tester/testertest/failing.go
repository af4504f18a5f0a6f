// Package testertest runs the tester's checks against programs of this repository, for tests that know
// which of them must fail.
package testertest

import (
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/tester"
)

// Build builds a program, such as ./tutorials/chapters/02-bytes/echo, in the module at dir, and returns
// its path. The environment may get further variables.
func Build(t *testing.T, dir, what string, env ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", program, what)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", what, err, out)
	}
	return program
}

// Examine makes the checks of some kinds, or of those that the tester finds out, up to a chapter.
func Examine(t *testing.T, program string, chapter int, kinds ...string) []tester.Result {
	t.Helper()
	results, err := tester.Run(t.Context(), tester.Options{
		Server: "env GOMAXPROCS=2 " + program + " -addr {addr}",
		Kinds:  kinds, Last: chapter, Path: "/", WSPath: "/echo",
		Patience: 10 * time.Second, Wait: 30 * time.Second,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// Failing returns the names of the checks that fail, sorted, and logs the reasons. Each other check must be
// made, unless one that it builds on fails.
func Failing(t *testing.T, results []tester.Result) []string {
	t.Helper()
	names := []string{}
	for _, r := range results {
		switch {
		case r.Verdict == tester.Failed:
			names = append(names, r.Check)
			t.Logf("%s: %s", r.Check, r.Why)
		case r.Verdict == tester.LeftOut && !strings.Contains(r.Why, "it builds on"):
			t.Errorf("the check %s is left out: %s", r.Check, r.Why)
		}
	}
	slices.Sort(names)
	return names
}
