package standing

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/project"
	"threeloops/tutorials/learner/progress"
)

// course has the chapters 0 to 2, and a project after chapter 1.
func course() Course {
	chapter := func(n int, title, id string) Chapter {
		return Chapter{
			Number: n, Title: title, URL: "/chapters/" + id + ".html", Minutes: 40,
			Sections: map[string]string{"predict": "Predict", "remember": "Remember"},
			Predictions: []Prediction{
				{string('0'+rune(n)) + ".a", []string{"yes", "no"}, "yes"}, {string('0'+rune(n)) + ".b", []string{"1", "2"}, "2"},
			},
			Experiments: []string{string('0'+rune(n)) + ".a"},
			Exercise:    &Exercise{Hints: 3, Place: "~/exercise"},
		}
	}
	return Course{
		Program:  "go run ./tutorials",
		Chapters: []Chapter{chapter(0, "Sockets", "00-sockets"), chapter(1, "One", "01-one"), chapter(2, "Bytes", "02-bytes")},
		Projects: []Project{{Number: 1, Title: "A server", URL: "/project-1.html", After: 1, Minutes: 180}},
	}
}

func number(n int) *int { return &n }

func TestWhatIsDoneInAChapter(t *testing.T) {
	s := progress.State{
		Predictions: map[string]string{"1.a": "no", "1.b": "2", "2.a": "maybe"}, // 2.a has other choices now
		Hints:       map[int]int{1: 5},
		Exercises:   map[int]string{1: "/home/ann/one"},
		Solved:      map[int]bool{2: true},
		Work:        progress.Work{Projects: map[int]progress.Project{1: {Passed: 14, Checks: 15}}},
		Reading: progress.Reading{
			Finished: map[int]bool{0: true}, Places: map[int]string{1: "predict", 2: "a-section-that-is-gone"},
			Runs: map[string]progress.Run{"1.a": {Date: time.Now()}, "1.gone": {}},
		},
	}
	got := course().Standing(s)
	want := []ChapterStanding{
		{
			Number: 0, Title: "Sockets", URL: "/chapters/00-sockets.html", Minutes: Minutes{40, 0}, Begun: true, Finished: true,
			Predictions: Predictions{All: 2}, Experiments: Experiments{All: 1}, Exercise: &ExerciseStanding{Of: 3},
		},
		{
			Number: 1, Title: "One", URL: "/chapters/01-one.html", Minutes: Minutes{30, 10}, Begun: true,
			Stopped: &Section{"predict", "Predict"}, Predictions: Predictions{2, 2, 1}, Experiments: Experiments{1, 1},
			Exercise: &ExerciseStanding{Started: true, Dir: "/home/ann/one", Hints: 3, Of: 3},
		},
		{
			Number: 2, Title: "Bytes", URL: "/chapters/02-bytes.html", Minutes: Minutes{10, 30}, Begun: true,
			Predictions: Predictions{All: 2}, Experiments: Experiments{All: 1}, Exercise: &ExerciseStanding{Of: 3, Solved: true},
		},
	}
	if d := cmp.Diff(want, got.Chapters); d != "" {
		t.Errorf("the chapters (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]ProjectStanding{
		{1, "A server", "/project-1.html", Minutes{0, 180}, progress.Project{Passed: 14, Checks: 15}},
	}, got.Projects); d != "" {
		t.Errorf("the projects (-want +got):\n%s", d)
	}
	if got.Minutes != (Minutes{80, 220}) {
		t.Errorf("in all %+v", got.Minutes)
	}
}

func TestWhatIsNext(t *testing.T) {
	made := map[string]string{"1.a": "no", "1.b": "1"}
	runs := map[string]progress.Run{"1.a": {}}
	here := progress.Reading{Finished: map[int]bool{0: true}, Places: map[int]string{1: "remember"}, Last: number(1)}
	done := here
	done.Runs = runs
	finished := func(last *int, all ...int) progress.State {
		s := progress.State{Reading: progress.Reading{Finished: map[int]bool{}, Last: last}}
		for _, n := range all {
			s.Finished[n] = true
		}
		return s
	}
	passed := finished(nil, 0, 1, 2)
	passed.Projects = map[int]progress.Project{1: {Done: true}}
	past := finished(nil, 0, 1)
	past.Hints = map[int]int{2: 1}
	for about, c := range map[string]struct {
		state progress.State
		want  Next
	}{
		"nothing is done": {progress.State{}, Next{"Read chapter 0, “Sockets”.", "", "/chapters/00-sockets.html"}},
		"a reader in a terminal": {progress.State{Predictions: map[string]string{"0.a": "yes"}}, Next{
			"Go on with chapter 0, “Sockets”. Still to do: 1 prediction and 1 experiment.", "go run ./tutorials run 0",
			"/chapters/00-sockets.html"}},
		"a reader of the pages": {progress.State{Reading: here}, Next{
			"Go on with chapter 1, “One”, at “Remember”. Still to do: 2 predictions and 1 experiment.", "",
			"/chapters/01-one.html#remember"}},
		"the exercise isn't started": {progress.State{Predictions: made, Reading: done}, Next{
			"Start the exercise of chapter 1, “One”.", "go run ./tutorials start 1 ~/exercise", "/chapters/01-one.html#exercise-1"}},
		"the exercise is started": {progress.State{Predictions: made, Reading: done, Exercises: map[int]string{1: "/x"}}, Next{
			"Go on with your copy of the exercise of chapter 1, “One”, and test it. The copy is in /x.", "go run ./tutorials test 1",
			"/chapters/01-one.html#exercise-1"}},
		"only the box is empty": {progress.State{Predictions: made, Reading: done, Solved: map[int]bool{1: true}}, Next{
			"You have done everything in chapter 1, “One”. Say that you have finished it.",
			"go run ./tutorials progress -finish 1", "/chapters/01-one.html#finished"}},
		"the last chapter is finished": {finished(number(0), 0), Next{"Read chapter 1, “One”.", "", "/chapters/01-one.html"}},
		"the end was read first":       {finished(number(2), 2), Next{"Read chapter 0, “Sockets”.", "", "/chapters/00-sockets.html"}},
		"a project comes next": {finished(number(1), 0, 1), Next{
			"Write your own server: project 1, “A server”.", "go run ./tutorials project 1", "/project-1.html"}},
		"the reader has passed over it": {past, Next{
			"Go on with chapter 2, “Bytes”. Still to do: 2 predictions and 1 experiment.", "go run ./tutorials run 2",
			"/chapters/02-bytes.html"}},
		"the project is left": {finished(number(2), 0, 1, 2), Next{
			"Write your own server: project 1, “A server”.", "go run ./tutorials project 1", "/project-1.html"}},
		"all is done":        {passed, Next{What: "You have finished the course."}},
		"an unknown chapter": {progress.State{Reading: progress.Reading{Last: number(77)}}, Next{"Read chapter 0, “Sockets”.", "", "/chapters/00-sockets.html"}},
	} {
		if d := cmp.Diff(c.want, course().Standing(c.state).Next); d != "" {
			t.Errorf("%s (-want +got):\n%s", about, d)
		}
	}
	if next := (Course{}).Standing(progress.State{}).Next; next.Command != "" || next.URL != "" {
		t.Errorf("a course without chapters leads to %+v", next)
	}
}

func TestTheCourseOfTheBook(t *testing.T) {
	book, err := markdown.Load("../../..", markdown.Folder)
	if book == nil || len(book.Chapters) == 0 {
		t.Fatal(err)
	}
	c := Of("../../..", book)
	if len(c.Chapters) != len(book.Chapters) {
		t.Fatalf("got %d of %d chapters", len(c.Chapters), len(book.Chapters))
	}
	for i, chapter := range c.Chapters {
		from := book.Chapters[i]
		if chapter.Number != from.Number || chapter.URL != "/chapters/"+from.Name+".html" || chapter.Minutes != from.Minutes ||
			len(chapter.Predictions) != len(from.Predictions) || len(chapter.Experiments) != len(from.Experiments) ||
			(chapter.Exercise == nil) != (from.Exercise == nil) || chapter.Sections["remember"] != "Remember" {
			t.Errorf("%s became %+v", from.Name, chapter)
		}
	}
	known, err := project.Load("../../..")
	if err != nil || len(c.Projects) != len(known) {
		t.Fatalf("got %d of %d projects: %v", len(c.Projects), len(known), err)
	}
	for i, p := range c.Projects {
		if p.Number != known[i].Number || p.Title != known[i].Title || p.After != known[i].After || p.Minutes == 0 {
			t.Errorf("project %d became %+v", known[i].Number, p)
		}
	}
}
