package markdown

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"threeloops/tutorials/book/annotate"
)

// parseIn writes these files into a new repository, and parses one of them.
func parseIn(t *testing.T, files map[string]string, name string) (*Chapter, error) {
	t.Helper()
	dir := t.TempDir()
	for file, text := range files {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Parse(dir, name)
}

// steps parses a chapter with one block step.
func steps(t *testing.T, block string) (*Chapter, error) {
	t.Helper()
	return parseIn(t, map[string]string{
		"book/01-first/echo/main.go":          "package main\n\nfunc main() { first() }\n",
		"book/02-next/steps/1-more/main.go":   "package main\n\nfunc main() { first() }\n\nfunc first() {} // & more\n",
		"book/02-next/steps/2-longer/main.go": "package main\n" + strings.Repeat("// a line\n", stepLines+1),
		"book/02-next/chapter.md":             "# Next\n\nAbout 5 minutes.\n\n" + block,
	}, "book/02-next/chapter.md")
}

func TestAFaultyStepIsExplained(t *testing.T) {
	for _, c := range []struct{ about, block, want string }{
		{"no name", "```step\nA text.\n```\n", `a step must have the form "step NAME`},
		{"no text", "```step 1-more from 01-first/echo\n```\n", `a step must have the form "step NAME`},
		{"a word too many", "```step 1-more from 01-first/echo line after\nA text.\n```\n", `a step must have the form "step NAME`},
		{"no such kind", "```step 1-more from 01-first/echo lines\nA text.\n```\n", `up to chapter 2 the tester has no checks of the kind "lines"`},
		{"no such program", "```step 3-none from 01-first/echo\nA text.\n```\n", "there is no file book/02-next/3-none/main.go"},
		{"nothing before it", "```step 1-more from 01-first/none\nA text.\n```\n", "the step before has no program book/01-first/none/main.go"},
		{"too long", "```step 2-longer from 01-first/echo\nA text.\n```\n", "the step changes 41 lines of book/01-first/echo, which is more than 40"},
		{"no such check", "```step 1-more from 01-first/echo fails stall\nA text.\n```\n", `up to chapter 2 there is no check "stall" of the kind line`},
		{"no chapter shows the program", "", `02-next/steps/1-more/main.go:1: no block "experiment 1-more" runs this program, and no block "step" or "fault" shows it`},
	} {
		if _, err := steps(t, c.block); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.about, err, c.want)
		}
	}
}

func TestAStepShowsWhatItChanges(t *testing.T) {
	c, _ := steps(t, "```step 1-more from 01-first/echo fails drip long\nThere is *more*.\n```\n")
	got, err := c.HTML(new(annotate.Code))
	if err != nil {
		t.Fatal(err)
	}
	for about, want := range map[string]string{
		"it has a heading":             `<h3 id="to-1-more">Step: more</h3>`,
		"it says what is new":          "<p>There is <em>more</em>.</p>",
		"it counts":                    "<span>2 lines are new, and 0 are gone.</span>",
		"a line that stays":            `<span class="l" data-n="3">func main() { first() }` + "\n</span>",
		"a line that is new":           `<ins class="l" data-n="5">func first() {} // &amp; more` + "\n</ins>",
		"it can be run":                "<kbd>go run ./book/02-next/steps/1-more</kbd>",
		"it says what is still missed": "<li><code>drip</code>: a request that arrives one byte at a time gets one answer</li>",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: want %s in\n%s", about, want, got)
		}
	}
	if len(c.Quotes) != 1 || c.Quotes[0].Reference() != "book/02-next/steps/1-more/main.go" {
		t.Errorf("verify must notice a change of the program: got %+v", c.Quotes)
	}
}

func TestTheFirstStepShowsItsProgram(t *testing.T) {
	c, _ := steps(t, "```step 1-more\nAll of it.\n```\n")
	got, err := c.HTML(new(annotate.Code))
	if want := "package</span>"; err != nil || !strings.Contains(string(got), want) || strings.Contains(string(got), "<ins") {
		t.Errorf("%v: want the whole program in\n%s", err, got)
	}
}
