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
	three := 3
	want := Reading{
		Finished: map[int]bool{1: true}, Places: map[int]string{1: "remember", 3: "predict"}, Last: &three,
		Runs: map[string]Run{"1.backlog": {date, "3\n"}},
	}
	if d := cmp.Diff(want, open(t).Reading()); d != "" {
		t.Errorf("the next process reads (-want +got):\n%s", d)
	}
}

func TestTheLastChapterMayBeChapterZero(t *testing.T) {
	place(t)
	if last := open(t).Reading().Last; last != nil {
		t.Errorf("before the first chapter, the last one is %d", *last)
	}
	if err := open(t).Stop(0, "predict"); err != nil {
		t.Fatal(err)
	}
	r := open(t).Reading()
	if r.Last == nil || *r.Last != 0 || r.Places[0] != "predict" {
		t.Errorf("after a stop in chapter 0 the next process reads %+v", r)
	}
}
