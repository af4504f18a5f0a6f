package markdown

import (
	"strings"
	"testing"

	"threeloops/tutorials/book/annotate"
)

// withFaults parses a chapter that has programs with published faults.
func withFaults(t *testing.T, block string) (*Chapter, error) {
	t.Helper()
	return parseIn(t, map[string]string{
		"book/02-next/faults/cut/main.go":  "package main\n\nfunc main() { serve() }\n\n// serve reads once.\nfunc serve() {} // & no more\n",
		"book/02-next/faults/long/main.go": "package main\n\nfunc main() {}\n" + strings.Repeat("// a line\n", publishedLines-2),
		"book/02-next/chapter.md":          "# Next\n\nAbout 5 minutes.\n\n" + block,
	}, "book/02-next/chapter.md")
}

func TestAnIncompletePublishedFaultIsExplained(t *testing.T) {
	const form = `a published fault must have the form "fault NAME#FUNCTION KIND fails CHECK`
	for _, c := range []struct{ about, block, want string }{
		{"no function", "```fault cut line fails halves\nA text.\n```\n", form},
		{"no kind", "```fault cut#serve fails halves\nA text.\n```\n", form},
		{"no check", "```fault cut#serve line fails\nA text.\n```\n", form},
		{"no text", "```fault cut#serve line fails halves\n```\n", form},
		{"no such program", "```fault none#serve line fails halves\nA text.\n```\n", "there is no file book/02-next/faults/none/main.go"},
		{"no such function", "```fault cut#read line fails halves\nA text.\n```\n", "read"},
		{"too long", "```fault long#main line fails halves\nA text.\n```\n", "has 101 lines, which is more than 100"},
		{"a check of a later chapter", "```fault cut#serve line fails loss\nA text.\n```\n", `up to chapter 2 there is no check "loss" of the kind line`},
		{"no chapter shows the program", "", `02-next/faults/cut/main.go:1: no block "experiment cut" runs this program, and no block "step" or "fault" shows it`},
	} {
		if _, err := withFaults(t, c.block); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.about, err, c.want)
		}
	}
}

func TestAPublishedFaultShowsItsFunction(t *testing.T) {
	c, _ := withFaults(t, "```fault cut#serve line fails halves drip\nIt was *seen*.\n```\n")
	got, err := c.HTML(new(annotate.Code))
	if err != nil {
		t.Fatal(err)
	}
	for about, want := range map[string]string{
		"it has a heading":         `<h3 id="of-cut">Published fault: cut</h3>`,
		"it says what happens":     "<p>It was <em>seen</em>.</p>",
		"it shows the function":    "// &amp; no more",
		"it names the checks":      "<li><code>drip</code>: a request that arrives one byte at a time gets one answer</li>",
		"the tester can be called": "-kind line -check halves -server",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: want %s in\n%s", about, want, got)
		}
	}
	if strings.Contains(string(got), "func main") {
		t.Errorf("it shows more than the function:\n%s", got)
	}
	if len(c.Quotes) != 2 || c.Quotes[1].Reference() != "book/02-next/faults/cut/main.go" {
		t.Errorf("verify must notice a change of the whole program: got %+v", c.Quotes)
	}
}
