package markdown

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"threeloops/tutorials/tester/testertest"
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
	program := testertest.Build(t, root(t), "./"+dir)
	failed := testertest.Failing(t, testertest.Examine(t, program, chapter, kind))
	if diff := cmp.Diff(slices.Sorted(slices.Values(fails)), failed, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("checks that should fail (-) and checks that fail (+):\n%s", diff)
	}
}
