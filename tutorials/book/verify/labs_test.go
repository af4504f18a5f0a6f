//go:build linux

package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/scene"
)

// played is a chapter with one example, and a verification that plays it: read returns result.
func played(t *testing.T, result *int) (*run, *markdown.Book, *strings.Builder) {
	t.Helper()
	s := &scene.Scene{Example: gallery.Example{Name: "drip"}, Dir: "ch", Players: []string{"pollserv", "epollserv"}, To: time.Second}
	book := &markdown.Book{Chapters: []*markdown.Chapter{{Path: "ch/chapter.md", Labs: []*markdown.Lab{{Line: 7, Scene: s}}}}}
	out := new(strings.Builder)
	root := t.TempDir()
	if err := os.Mkdir(root+"/ch", 0o755); err != nil {
		t.Fatal(err)
	}
	r := &run{ctx: t.Context(), Options: Options{Root: root, Temp: t.TempDir(), Out: out}}
	r.Play = func(_ context.Context, runs string, players, names []string) error {
		if d := cmp.Diff([][]string{{"epollserv", "pollserv"}, {"drip"}}, [][]string{players, names}); d != "" {
			t.Errorf("wrong players and names (-want +got):\n%s", d)
		}
		for _, p := range players {
			write(t, filepath.Join(runs, p+"-drip.json"), fmt.Sprintf(
				`{"lanes": [{"id":"A","name":"A","kind":"client"}], "events": [{"time":1,"lane":"A","call":"read","result":%d}]}`, *result))
		}
		return nil
	}
	return r, book, out
}

// labsSay plays the examples of a book, and compares what is written.
func labsSay(t *testing.T, about string, r *run, book *markdown.Book, out *strings.Builder, want string, faults int) {
	t.Helper()
	out.Reset()
	r.faults = 0
	if err := r.labs(book); err != nil {
		t.Errorf("%s: %v", about, err)
	}
	if d := cmp.Diff(want, out.String()); d != "" || r.faults != faults {
		t.Errorf("%s: %d faults, want %d (-want +got):\n%s", about, r.faults, faults, d)
	}
}

func TestAPictureIsWhatTheRunShows(t *testing.T) {
	result := 5
	r, book, out := played(t, &result)
	labsSay(t, "a missing picture is a fault", r, book, out, "ch/chapter.md:7: ch/lab-drip.json: the picture is missing\n", 1)
	r.Record = true
	labsSay(t, "-record writes it", r, book, out, "ch/chapter.md:7: recorded: ch/lab-drip.json: the picture is missing\n", 0)
	r.Record = false
	labsSay(t, "then it is true", r, book, out, "", 0)
	result = 6
	const line, more = `  {"time":1,"lane":"A","call":"read","result":`, "\n\t-]},\n\t-" + `{"player": "epollserv", "lanes": ` +
		`[{"id":"A","name":"A","kind":"client"}], "pairs": {}, "events": [` + "\n\t-"
	const different = "ch/lab-drip.json: the picture isn't what the run shows now (-then +now):\n"
	was := "\t-" + line + "5}" + more + line + "5}\n"
	now := strings.ReplaceAll(strings.ReplaceAll(was, "5}", "6}"), "\t-", "\t+")
	labsSay(t, "a run that has changed is shown", r, book, out, "ch/chapter.md:7: "+different+was+now, 1)
	r.Record = true
	labsSay(t, "-record replaces the picture", r, book, out, "ch/chapter.md:7: recorded: "+different+was+now, 0)
	r.Record = false
	labsSay(t, "it stays replaced", r, book, out, "", 0)
	if r.claims != 6 {
		t.Errorf("%d pictures were counted, want one each time", r.claims)
	}
}

func TestAnExampleThatCanNotBePlayed(t *testing.T) {
	result := 5
	r, book, out := played(t, &result)
	book.Chapters[0].Labs[0].From = time.Minute
	book.Chapters[0].Labs[0].To = time.Hour
	labsSay(t, "a part without events is a fault", r, book, out, "ch/chapter.md:7: drip: the picture of pollserv has 0 events, "+
		"want 1 to 26: choose another part of the run, or leave out calls\n", 1)
	r.Play = func(context.Context, string, []string, []string) error { return errors.New("no kernel") }
	labsSay(t, "a failed run is a fault", r, book, out, "the laboratory's examples can't be played: no kernel\n", 1)
	book.Chapters[0].Labs = nil
	labsSay(t, "without examples nothing is played", r, book, out, "", 0)
}
