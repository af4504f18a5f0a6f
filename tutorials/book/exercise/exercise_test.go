package exercise

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	all, err := Load("testdata", "chapters")
	if err != nil {
		t.Fatal(err)
	}
	want := []*Exercise{{
		Number: 2, Name: "02-lines", Dir: "testdata/chapters/02-lines", Path: "chapters/02-lines/exercise.md",
		Title: "Long lines come back in several", Kind: "line", Sound: "server", Red: []string{"long"},
		Symptom: "“A line of my configuration came back as two.” All short lines are fine:\n\n" +
			"```\n## this line is no heading\n```",
		Hints: []string{
			"Send longer and longer lines.",
			"Which of them come back right, and how long are they at most?",
			"What else does the function return that reads a line?",
		},
		Explanation: "`ReadLine` cuts what doesn't fit into its buffer, says so, and nobody looks.",
	}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("wrong exercises (-want +got):\n%s", diff)
	}
}

// Each fault gets one line, with its place.
func TestAFaultyExerciseIsExplained(t *testing.T) {
	const sound = "# T\nkind: line\nred: halves\n## Symptom\ns\n" +
		"## Hint\none\n## Hint\ntwo\n## Hint\nthree\n## Explanation\ne\n"
	parse := func(text string) error { return (&Exercise{Number: 2, Path: "02-x/exercise.md"}).parse(text) }
	if err := parse(sound); err != nil {
		t.Errorf("without a fault: %v", err)
	}
	for _, c := range []struct{ about, from, to, want string }{
		{"no title", "# T\n", "", ":1: the first line must be the title"},
		{"no kind", "kind: line\n", "", `:1: up to chapter 2 there are no checks for the kind ""`},
		{"a kind of later chapters", "line", "ws", `:1: up to chapter 2 there are no checks for the kind "ws"`},
		{"no red checks", "red: halves", "\nred:", ":4: “red: ...” must name the checks"},
		{"no such check", "halves", "halves, half", `:3: there is no check "half" for the kind line up to chapter 2`},
		{"a check of a later chapter", "halves", "silent", `:3: there is no check "silent"`},
		{"an unknown line below the title", "kind: line", "kid: line", ":2: between the title and Symptom"},
		{"two hints", "## Hint\ntwo\n", "", ":11: the exercise has 2 hints, want 3 or more"},
		{"no explanation", "## Explanation\ne\n", "", ":11: the section “Explanation” is missing"},
		{"an empty hint", "two", "", `:8: the section "Hint" is empty`},
		{"another section", "## Hint\ntwo", "## Cause\nc", `:8: the section "Cause" is out of place`},
		{"hints first", "## Symptom\ns\n", "", `:4: the section "Hint" is out of place`},
	} {
		err := parse(strings.Replace(sound, c.from, c.to, 1))
		if err == nil || !strings.Contains(err.Error(), "02-x/exercise.md"+c.want) {
			t.Errorf("%s: got the error %v, want one with %q", c.about, err, c.want)
		}
	}
}

// A program to complete has a task instead of a symptom.
func TestAProgramToComplete(t *testing.T) {
	const task = "# T\nkind: line\nred: answer\ntask: complete\n## Task\nWrite it.\n" +
		"## Hint\none\n## Hint\ntwo\n## Hint\nthree\n## Explanation\ne\n"
	e := &Exercise{Number: 0, Path: "00-x/exercise.md"}
	if err := e.parse(task); err != nil || !e.Complete || e.Symptom != "Write it." {
		t.Errorf("it was parsed as %+v, error %v", e, err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"## Task", "## Symptom", `:5: the section "Symptom" is out of place: write first Task`},
		{"task: complete", "task: repair", ":4: between the title and Symptom"},
	} {
		err := (&Exercise{Path: "00-x/exercise.md"}).parse(strings.Replace(task, c.from, c.to, 1))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got the error %v, want one with %q", c.to, err, c.want)
		}
	}
}

func TestAFaultyExerciseLeavesTheOthers(t *testing.T) {
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile("testdata/chapters/02-lines/exercise.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"02-twice": sound, "03-broken": []byte("# T"), "04-bare": nil} {
		dir := filepath.Join(root, "chapters", name)
		if err := os.CopyFS(dir, os.DirFS("testdata/chapters/02-lines")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(dir + "/exercise.md"); err != nil {
			t.Fatal(err)
		}
		if text == nil {
			continue
		}
		if err := os.WriteFile(dir+"/exercise.md", text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(root + "/chapters/03-broken/server/main.go"); err != nil {
		t.Fatal(err)
	}
	all, err := Load(root, "chapters")
	if len(all) != 1 || all[0].Name != "02-lines" {
		t.Errorf("got %v, want the one without a fault", all)
	}
	for _, want := range []string{
		"chapters/02-twice/exercise.md:1: chapters/02-lines/exercise.md has an exercise with the same number",
		"chapters/03-broken/exercise.md:1: server/main.go is missing beside this file",
		"chapters/03-broken/exercise.md:1: the section “Explanation” is missing",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
}
