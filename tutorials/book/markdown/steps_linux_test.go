package markdown

import (
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/tester"
)

// Each step runs, and fails exactly those checks of the tester that the chapter names.
func TestEveryStepFailsWhatItsChapterSays(t *testing.T) {
	book, err := Load(root(t), Folder)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	room := make(chan struct{}, 3) // the checks mostly wait
	for _, c := range book.Chapters {
		for _, s := range c.Steps {
			if s.Name == "server" {
				continue // the test of the exercises proves it
			}
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(c.Name+"/"+s.Name, func(t *testing.T) { proveStep(t, c, s) })
			})
		}
	}
	all.Wait()
}

func proveStep(t *testing.T, c *Chapter, s *Step) {
	program := path.Join(t.TempDir(), s.Name)
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./"+s.Dir)
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	results, err := tester.Run(t.Context(), tester.Options{
		Server: "env GOMAXPROCS=2 " + program + " -addr {addr}",
		Kinds:  []string{"line"}, Last: c.Number, Path: "/",
		Patience: 10 * time.Second, Wait: 30 * time.Second,
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, r := range results {
		switch {
		case r.Verdict == tester.Failed:
			failed = append(failed, r.Check)
			t.Logf("%s: %s", r.Check, r.Why)
		case r.Verdict == tester.LeftOut && !strings.Contains(r.Why, "it builds on"):
			t.Errorf("the check %s is left out: %s", r.Check, r.Why)
		}
	}
	slices.Sort(failed)
	if diff := cmp.Diff(slices.Sorted(slices.Values(s.Fails)), failed); diff != "" {
		t.Errorf("checks that should fail (-) and checks that fail (+):\n%s", diff)
	}
}
