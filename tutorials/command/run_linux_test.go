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

// backlog makes a chapter with a question, an experiment that answers it, and a question without an
// experiment.
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

// terminal runs a lesson for a reader who types typed, and returns what the terminal shows.
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
	const why = "\nWhy?\n\n  1   a\n  2   b\n\nWhat do you expect? Type a number from 1 to 2, or press Enter to skip: "
	const experiment = "\nIt connects.\n\n$ go run ./backlog\nbacklog   connects\n2         3\n"
	for _, step := range []struct{ about, typed, want string }{
		{"a reader who answers sees whether that was right", "two\n3\n1\n\n", howMany + "What do you expect? " +
			"Type a number from 1 to 2, or press Enter to skip: " +
			"Please type a number from 1 to 2: Please type a number from 1 to 2: " + why + experiment + `
You said “2”; the right answer is “3”.
One more.

Why?

The right answer is “a”.
It is “a”.
`},
		{"an earlier answer is shown and kept, and the input may end", "\n1", howMany + "Earlier you said “2”.\n" +
			"What do you expect? Type a number from 1 to 2, or press Enter to keep that answer: " + why + experiment + `
You said “2”; the right answer is “3”.
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
		t.Errorf("the saved answers, which the coach's pages show (-want +got):\n%s", d)
	}
}
