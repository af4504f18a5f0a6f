package progress

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/markdown"
)

// old is a file with the numbers that the chapters had before chapter 3 became chapters 3 and 4.
const old = `{
  "predictions": {"1.backlog": "3", "3.copies": "two", "3.emfile": "no", "3.zombies": "50", "3.cost": "x",
    "3.flags": "y", "4.departures": "RST", "8.later": "40 ms"},
  "hints": {"2": 1, "3": 2, "4": 3},
  "exercises": {"3": "/home/ann/exercise-03", "8": "/home/ann/exercise-08"},
  "finished": {"1": true, "3": true, "5": true},
  "places": {"3": "remember", "4": "predict"},
  "last": 4,
  "runs": {"3.fork": {"date": "2026-11-01T10:00:00Z", "output": "f"},
    "3.flags": {"date": "2026-11-01T10:00:00Z", "output": "g"},
    "7.edges": {"date": "2026-11-01T10:00:00Z", "output": "e"}}
}
`

// write puts a text in the place of the progress file.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = place(t)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Nothing that was saved is lost when the chapters get other numbers.
func TestAnOldFileGetsTheNewNumbers(t *testing.T) {
	path := write(t, old)
	check := func(about string) {
		t.Helper()
		f := open(t)
		if d := cmp.Diff(map[string]string{
			"1.backlog": "3", "3.copies": "two", "4.emfile": "no", "4.zombies": "50", "4.cost": "x", "4.flags": "y",
			"5.departures": "RST", "9.later": "40 ms",
		}, f.Predictions()); d != "" {
			t.Errorf("%s: the predictions (-want +got):\n%s", about, d)
		}
		r := f.Reading()
		outputs := map[string]string{}
		for name, run := range r.Runs {
			outputs[name] = run.Output
		}
		if d := cmp.Diff(map[string]string{"3.fork": "f", "4.flags": "g", "8.edges": "e"}, outputs); d != "" {
			t.Errorf("%s: the runs (-want +got):\n%s", about, d)
		}
		five := 5
		r.Runs = nil
		want := Reading{
			Finished: map[int]bool{1: true, 3: true, 4: true, 6: true},
			Places:   map[int]string{3: "remember", 5: "predict"}, Last: &five,
		}
		if d := cmp.Diff(want, r); d != "" {
			t.Errorf("%s: the reading (-want +got):\n%s", about, d)
		}
		hints := []int{f.Hints(2), f.Hints(3), f.Hints(4), f.Hints(5)}
		if d := cmp.Diff([]int{1, 2, 0, 3}, hints); d != "" {
			t.Errorf("%s: the hints of the chapters 2 to 5 (-want +got):\n%s", about, d)
		}
		if f.Exercise(3) != "/home/ann/exercise-03" || f.Exercise(9) != "/home/ann/exercise-08" || f.Exercise(8) != "" {
			t.Errorf("%s: the exercises are %q, %q, %q", about, f.Exercise(3), f.Exercise(8), f.Exercise(9))
		}
	}
	check("the first read")
	if text, _ := os.ReadFile(path); string(text) != old {
		t.Error("a read has changed the file")
	}
	for range 2 { // the second change finds the new numbers
		if err := open(t).Predict("1.backlog", "3"); err != nil {
			t.Fatal(err)
		}
		check("after a change")
	}
}

func TestAReaderOfTheMiddleOfTheOldThirdChapterKeepsThePlace(t *testing.T) {
	write(t, `{"places":{"3":"predict"},"last":3}`)
	r := open(t).Reading()
	if *r.Last != 3 || r.Places[3] != "predict" || r.Finished[4] {
		t.Errorf("got %+v", r)
	}
}

func TestANewerNumberingIsNotTouched(t *testing.T) {
	text := `{"numbering":3,"finished":{"3":true}}`
	path := write(t, text)
	if _, err := Open(); err == nil || !strings.Contains(err.Error(), "numbering 3, which is newer than this program") ||
		!strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if now, _ := os.ReadFile(path); string(now) != text {
		t.Errorf("the file was changed into %q", now)
	}
}

// What is renumbered from the old chapter 3 to chapter 4 must be there.
func TestWhatHasMovedIsInChapterFour(t *testing.T) {
	book, err := markdown.Load("../../..", markdown.Folder)
	if book == nil {
		t.Fatal(err)
	}
	has := make(map[string]bool) // names of predictions and experiments
	for _, c := range book.Chapters {
		for _, p := range c.Predictions {
			has[p.ID()] = true
		}
		for _, e := range c.Experiments {
			has[e.ID()] = true
		}
	}
	for _, name := range moved {
		if !has["4."+name] || has["3."+name] {
			t.Errorf("%q is in chapter 4: %t, and in chapter 3: %t. If it was moved, change numbering.go, and renumber.js "+
				"of the pages", name, has["4."+name], has["3."+name])
		}
	}
}
