package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHowFarAReaderHasCome(t *testing.T) {
	place(t)
	f := open(t)
	date := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	for _, err := range []error{
		f.Finish(1, true), f.Finish(2, true), f.Finish(2, false), f.Stop(1, "remember"), f.Stop(3, "predict"),
		f.Ran("1.backlog", "3\n", date), f.Ran("1.silent", "1\n", date),
		f.Ran("1.silent", strings.Repeat("x", MostOutput+1), date),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := Reading{
		Finished: map[int]bool{1: true}, Places: map[int]string{1: "remember", 3: "predict"}, Last: 3,
		Runs: map[string]Run{"1.backlog": {date, "3\n"}},
	}
	if d := cmp.Diff(want, open(t).Reading()); d != "" {
		t.Errorf("the next process reads (-want +got):\n%s", d)
	}
}
