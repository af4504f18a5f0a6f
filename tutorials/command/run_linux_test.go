package command

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/learner/coach"
	"threeloops/tutorials/learner/progress"
)

// backlog is a chapter with a question, an experiment that answers it, and a question that none answers.
func backlog(t *testing.T, root string) *markdown.Chapter {
	t.Helper()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "backlog"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("go.mod", "module lesson\n\ngo 1.26\n")
	write("backlog/main.go", "package main\n\nimport \"fmt\"\n\n"+
		"func main() { fmt.Println(\"backlog   connects\\n2         3\") }\n")
	return &markdown.Chapter{
		Number: 1,
		Predictions: []*markdown.Prediction{
			{Chapter: 1, Name: "backlog", Question: "How many?", Choices: []string{"2", "3"}, Right: 1,
				Why: "One more."},
			{Chapter: 1, Name: "why", Question: "Why?", Choices: []string{"a", "b"}, Right: 0, Why: "It is `a`."},
		},
		Experiments: []*markdown.Experiment{{Experiment: &experiment.Experiment{
			Chapter: 1, Name: "backlog", Dir: "backlog", Kind: "bars", About: "It connects.",
		}}},
	}
}

// terminal holds a lesson with somebody who types that, and returns what the terminal shows.
func terminal(t *testing.T, c *markdown.Chapter, root, typed string) string {
	t.Helper()
	file, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	l := &lesson{in: bufio.NewScanner(strings.NewReader(typed)), out: &statusLine{out: &out}, kept: file,
		runner: &coach.Runner{Root: root, Bin: t.TempDir()}}
	if err := l.askAll(c); err != nil {
		t.Fatal(err)
	}
	if err := l.runExperiments(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRunAsksRunsAndCompares(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("GOWORK", "off")
	root := t.TempDir()
	c := backlog(t, root)
	const howMany = "\nHow many?\n\n  1   2\n  2   3\n\n"
	const why = "\nWhy?\n\n  1   a\n  2   b\n\nWhat do you expect? 1 to 2 (Enter skips): "
	const experiment = "\nIt connects.\n\n$ go run ./backlog\nbacklog   connects\n2         3\n"
	for _, step := range []struct{ about, typed, want string }{
		{"a reader who answers is told how right that was", "two\n3\n1\n\n", howMany + "What do you expect? 1 to 2 (Enter skips): " +
			"That is no number from 1 to 2: That is no number from 1 to 2: " + why + experiment + `
You said “2”; right is “3”.
One more.

Why?

Right is “a”.
It is “a”.
`},
		{"an earlier answer is shown and kept, and the input may end", "\n1", howMany + "You said “2” before.\n" +
			"What do you expect? 1 to 2 (Enter keeps that): " + why + experiment + `
You said “2”; right is “3”.
One more.

Why?

You said “a”, and that is right.
It is “a”.
`},
	} {
		if d := cmp.Diff(step.want, terminal(t, c, root, step.typed)); d != "" {
			t.Errorf("%s (-want +got):\n%s", step.about, d)
		}
	}
	page, err := progress.Open()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"1.backlog": "2", "1.why": "a"}, page.Predictions()); d != "" {
		t.Errorf("what the coach's pages will show (-want +got):\n%s", d)
	}
}
