package simulation

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"threeloops/common/simtest"
	"threeloops/common/simulation/gallery"
)

//go:embed gallery/*.txt
var texts embed.FS

// Example is an example of the gallery, with what its header claims.
type Example struct {
	gallery.Example
	shows, mended []fact
}

// Servers and Mistakes are the programs of an Example.
const (
	Servers  = gallery.Servers
	Mistakes = gallery.Mistakes
)

// Mended is the flag with which the program Mistakes makes none.
const Mended = "-mistake=none"

// Examples reads the gallery.
func Examples(t testing.TB) (all []*Example) {
	t.Helper()
	dir, err := fs.Sub(texts, "gallery")
	if err != nil {
		t.Fatal(err)
	}
	read, err := gallery.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range read {
		example := &Example{Example: e}
		if example.shows, err = parseFacts(e.Shows); err == nil {
			example.mended, err = parseFacts(e.Mended)
		}
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		all = append(all, example)
	}
	return all
}

// parseFacts parses what a header claims.
func parseFacts(claims []gallery.Claim) (facts []fact, err error) {
	for _, c := range claims {
		f, err := parseFact(c.Text)
		if err != nil {
			return nil, err
		}
		f.servers = c.Servers
		facts = append(facts, f)
	}
	return facts, nil
}

// Gallery plays the examples that are meant for a server, and checks what they show. Play judges each, too.
func Gallery(t *testing.T, target simtest.Target) {
	played := 0
	for _, e := range Examples(t) {
		if !e.meantFor(target.Name) {
			continue
		}
		played++
		t.Run(e.Name, func(t *testing.T) {
			e.draw(t, target)
			switch shown := e.check(t, target, e.shows); {
			case e.Program == Mistakes:
				e.check(t, target, e.mended, Mended)
			case shown && e.Unjudged == "":
				playText(t, target, e.Scenario)
			}
		})
	}
	if played == 0 {
		t.Errorf("the gallery has no example for %s", target.Name)
	}
}

// meantFor reports whether a program plays the example.
func (e *Example) meantFor(program string) bool {
	return slices.Contains(e.Servers, program) || e.Program == program
}

// check plays the example, and fails for each fact that the run doesn't show. It reports whether all
// are shown.
func (e *Example) check(t *testing.T, target simtest.Target, facts []fact, flags ...string) bool {
	t.Helper()
	s := parse(t, e.Scenario)
	s.Flags = append(s.Flags, flags...)
	wrong := observe(target, s, facts)
	for _, err := range wrong {
		t.Errorf("%s %s: %v", target.Name, strings.Join(s.Flags, " "), err)
	}
	return len(wrong) == 0
}
