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

// Each step and each program with a published fault runs, and fails exactly those checks of the tester
// that the chapter names.
func TestEveryStepAndFaultFailsWhatItsChapterSays(t *testing.T) {
	book, err := Load(root(t), Folder)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	room := make(chan struct{}, 3) // the checks mostly wait
	for _, c := range book.Chapters {
		check := func(name, dir, kind string, fails []string) {
			all.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(c.Name+"/"+name, func(t *testing.T) { proveFails(t, c.Number, dir, kind, fails) })
			})
		}
		for _, s := range c.Steps {
			if s.Name != "server" { // the test of the exercises proves it
				check(s.Name, s.Dir, s.Kind, s.Fails)
			}
		}
		for _, p := range c.Published {
			check(p.Name, p.Dir, p.Kind, p.Fails)
		}
	}
	all.Wait()
}

// proveFails makes the tester's checks of a kind up to a chapter, and wants exactly some to fail.
func proveFails(t *testing.T, chapter int, dir, kind string, fails []string) {
	program := path.Join(t.TempDir(), path.Base(dir))
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./"+dir)
	build.Dir = root(t)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	results, err := tester.Run(t.Context(), tester.Options{
		Server: "env GOMAXPROCS=2 " + program + " -addr {addr}",
		Kinds:  []string{kind}, Last: chapter, Path: "/", WSPath: "/echo",
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
	if diff := cmp.Diff(slices.Sorted(slices.Values(fails)), failed); diff != "" {
		t.Errorf("checks that should fail (-) and checks that fail (+):\n%s", diff)
	}
}
