package markdown

import (
	"slices"
	"testing"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/site/lab"
)

// Each chapter from the third on shows an example of the gallery, with all of its pictures.
func TestTheChaptersShowExamples(t *testing.T) {
	b, err := Load(root(t), Folder)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := lab.Gallery(root(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Chapters {
		if c.Number >= 3 && len(c.Labs) == 0 {
			t.Errorf("%s shows no example", c.Path)
		}
		for _, l := range c.Labs {
			if !slices.ContainsFunc(examples, func(e gallery.Example) bool { return e.Name == l.Name }) {
				t.Errorf("%s: the gallery has no example %s", c.Path, l.Name)
			}
			if all, err := l.Recorded(root(t)); err != nil || len(all) != len(l.Players) {
				t.Errorf("%s: %s has %d pictures for %q, %v", c.Path, l.Name, len(all), l.Players, err)
			}
		}
	}
}
