//go:build linux

package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threeloops/tutorials/learner/progress"
	"threeloops/tutorials/learner/standing"
)

// studiedSuite makes a repository with the chapters 0 and 2, and returns the reader's progress file.
func studiedSuite(t *testing.T) (root string, file *progress.File) {
	t.Helper()
	root = suite(t)
	const questions = "## Predict\n\n```predict a\nWhich one?\n\n( ) this\n(x) that\n\nThat one.\n```\n\n## Remember\n\nThat.\n"
	for name, text := range map[string]string{
		"00-sockets": "# Sockets\n\nAbout 40 minutes.\n\n" + questions,
		"02-lines":   "# Lines\n\nAbout 65 minutes.\n\n" + questions + "\n## Find the bug\n\n```exercise\n```\n",
	} {
		path := filepath.Join(root, "tutorials", "chapters", name, "chapter.md")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	file, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	return root, file
}

func TestProgressFromTheFirstChapterToTheLast(t *testing.T) {
	root, file := studiedSuite(t)
	shows := func(about string, want ...string) {
		t.Helper()
		status, out := runIn(t, root, "progress")
		for _, w := range want {
			if status != 0 || !strings.Contains(out, w) {
				t.Errorf("%s: status %d, want 0 and %q in:\n%s", about, status, w, out)
			}
		}
		for line := range strings.Lines(out) {
			if strings.TrimRight(line, " \n") != strings.TrimSuffix(line, "\n") {
				t.Errorf("%s: blanks at the end of %q", about, line)
			}
		}
	}
	change := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	shows("nothing is done", "  0  Sockets  0 of 1       -            -\n", "The course takes about 1 hour 45 minutes.\n",
		"Next: Read chapter 0, “Sockets”.\n    http://127.0.0.1:8003/chapters/00-sockets.html\n")
	change(file.Predict("0.a", "this"))
	shows("a prediction", "  0  Sockets  1 of 1, 0 right  -", "right: 0.", "\n    go run ./tutorials progress -finish 0\n")
	status, out := runIn(t, root, "progress", "-finish", "0")
	if status != 0 || !strings.HasPrefix(out, "You have finished chapter 0, “Sockets”.\n\nNext: Read chapter 2, “Lines”.\n") {
		t.Errorf("-finish: status %d, and\n%s", status, out)
	}
	shows("a finished chapter", "✓ 0  Sockets", "Chapters finished: 1 of 2.", "about 40 minutes. About 1 hour 5 minutes are left.\n")
	change(file.Stop(2, "predict"))
	shows("a place", "You stopped in chapter 2 at “Predict”.\n", "\n    http://127.0.0.1:8003/chapters/02-lines.html#predict\n")
	change(file.Predict("2.a", "that"), file.Ran("2.b", "x", time.Now()))
	shows("everything but the exercise", "1 of 1, 1 right", "\n    go run ./tutorials start 2 ~/exercise-02\n")
	_, err := file.Hint(2)
	change(err, file.Started(2, t.TempDir()))
	shows("an exercise", "started, 1 hint\n", "\n    go run ./tutorials test 2\n")
	change(file.Solve(2))
	shows("a solved exercise", "solved, 1 hint\n", "Exercises solved: 1 of 1.")
	change(file.Finish(2, true))
	shows("the end", "✓ 2  Lines", "That took other readers about 1 hour 45 minutes.\n", "Next: You have finished the course.\n")

	_, out = runIn(t, root, "progress", "-json")
	var got standing.Standing
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got.Chapters) != 2 || !got.Chapters[1].Exercise.Solved {
		t.Errorf("-json printed (%v)\n%s", err, out)
	}
	_, out = runIn(t, root+"/tutorials", "progress", "-json")
	if !strings.Contains(out, "You have finished the course.") {
		t.Errorf("below the root it printed\n%s", out)
	}
}

func TestForgetAsksAndLeavesTheCopies(t *testing.T) {
	root, file := studiedSuite(t)
	copied := t.TempDir()
	if err := file.Started(2, copied); err != nil {
		t.Fatal(err)
	}
	there := func() bool {
		_, err := os.Stat(file.Path())
		return err == nil
	}
	for _, answer := range []string{"", "\n", "no\n", "y\n"} {
		var out strings.Builder
		if err := forget(strings.NewReader(answer), &out, false); err != nil || !there() ||
			!strings.HasSuffix(out.String(), "\nNothing was removed.\n") {
			t.Errorf("the answer %q: %v, the file is there: %t, and\n%s", answer, err, there(), &out)
		}
	}
	var out strings.Builder
	err := forget(strings.NewReader("Yes\n"), &out, false)
	want := "Removed " + file.Path() + ". The course begins again.\nYour copies of the exercises are still there:\n    " + copied + "\n"
	if err != nil || there() || !strings.HasSuffix(out.String(), want) {
		t.Errorf("the answer yes: %v, the file is there: %t, and\n%s", err, there(), &out)
	}
	if _, err := os.Stat(copied); err != nil {
		t.Errorf("the copy: %v", err)
	}
	if status, out := runIn(t, root, "progress", "-forget"); status != 0 || !strings.HasPrefix(out, "There is nothing to forget: ") {
		t.Errorf("without a file: status %d, and %s", status, out)
	}
	if err := os.WriteFile(file.Path(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out := runIn(t, root, "progress"); status != 1 || !strings.Contains(out, "is damaged") {
		t.Errorf("with a damaged file: status %d, and %s", status, out)
	}
	if status, out := runIn(t, root, "progress", "-forget", "-yes"); status != 0 || there() || !strings.HasPrefix(out, "Removed ") {
		t.Errorf("-forget -yes with a damaged file: status %d, the file is there: %t, and %s", status, there(), out)
	}
}

func TestProgressWithBadArguments(t *testing.T) {
	root, _ := studiedSuite(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"now"}, `progress takes only flags, not "now"`},
		{[]string{"-yes"}, "progress -yes answers the question of -forget"},
		{[]string{"-forget", "-json"}, "progress takes only one of -finish, -forget and -json"},
		{[]string{"-finish", "2", "-json"}, "progress takes only one of -finish, -forget and -json"},
		{[]string{"-finish", "7"}, "there is no chapter 7: progress -finish takes a number from 0 to 2"},
		{[]string{"-finish", "two"}, `progress -finish takes a value like 0, not "two"`},
		{[]string{"-frob"}, "“go run ./tutorials progress -help” explains the command"},
	} {
		status, out := runIn(t, root, append([]string{"progress"}, c.args...)...)
		if status != 2 || !strings.Contains(out, c.want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: status %d, want 2 and one line with %q, not\n%s", c.args, status, c.want, out)
		}
	}
}

func TestProgressShowsProjects(t *testing.T) {
	var out strings.Builder
	printStanding(&out, standing.Standing{
		Projects: []standing.ProjectStanding{
			{Number: 1, Title: "A line server", Project: progress.Project{Passed: 15, Checks: 15, Done: true}},
			{Number: 2, Title: "A page server", Project: progress.Project{Passed: 3, Checks: 20}},
			{Number: 3, Title: "A chat server"},
		},
		Minutes: standing.Minutes{Done: 60, Left: 121},
		Next:    standing.Next{What: "Write it.", Command: "go run ./tutorials project 2", URL: "/x"},
	})
	for _, want := range []string{
		"✓ project 1, “A line server”: finished\n",
		"  project 2, “A page server”: 3 of 20 checks passed the last time\n",
		"  project 3, “A chat server”: not begun\n",
		"That took other readers about 1 hour. About 2 hours 1 minute are left.\n",
		"Next: Write it.\n    go run ./tutorials project 2\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), siteAt) {
		t.Errorf("it prints a command and an address:\n%s", &out)
	}
}
