package chapter

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/source"
)

const folder = "tutorials/chapter/testdata/"

// root returns the root of the repository, by a name that begins with this module's: only of
// such files go test notices that they have changed.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir + "/../.."
}

func TestAGoodBook(t *testing.T) {
	b, err := Load(root(t), folder+"good")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Chapters) != 1 || len(b.Pages) != 1 || b.Pages[0].Title != "A page" {
		t.Fatalf("there are %d chapters and %d pages", len(b.Chapters), len(b.Pages))
	}
	c := b.Chapters[0]
	if c.Number != 1 || c.Title != "A good chapter" ||
		len(c.Quotes) != 1 || len(c.Transcripts) != 1 || len(c.Checks) != 1 {
		t.Errorf("the chapter was read as %+v", c)
	}
	if q := c.Question(); q != "Who asks?" {
		t.Errorf("its question was read as %q", q)
	}
	m := b.Misconceptions
	if len(m) != 2 || m[0].In != c || m[0].Belief.ID != "misconception-1" || m[1].In != nil || m[1].Number != 2 {
		t.Errorf("the misconceptions were read as %+v", m)
	}
}

func TestABadBookIsToldWhatIsWrong(t *testing.T) {
	_, err := Load(root(t), folder+"bad")
	if err == nil {
		t.Fatal("nothing is said to be wrong")
	}
	const at = folder + "bad/01-bad.md:"
	want := []string{
		at + "13: there is no file nowhere.go",
		at + `16: a quote is of the form "quote FILE#NAME" or "quote FILE#NAME doc"`,
		at + "25: chapters have no HTML of their own",
		at + "25: chapters have no HTML of their own",
		at + "27: chapters have no HTML of their own",
		at + "27: chapters have no HTML of their own",
		at + `29: code in Go is quoted by its name, not copied: a block "quote FILE#NAME"`,
		at + `35: pictures are drawings: a block "drawing FILE"`,
		at + `37: a console block begins with a command: "$ ..."`,
		at + "41: a check has no want",
		at + "46: there is no drawing gone.svg",
		at + "50: a drawing names its file, and its body says what it shows",
		at + `1: the page has no title: "# ..." on the first line`,
		at + `7: the heading "The question" has level 2 after one of level 0`,
		at + `23: the heading "But not this" has level 5 after one of level 3`,
		at + `7: the section "The question" lacks a question mark`,
		at + `11: before "Predict" the section "The code to read" is missing`,
		at + `11: the section "Predict" lacks a question mark`,
		at + `19: the section "The experiment" lacks a console block or a check`,
		at + `33: before "Remember" the section "Find the bug" is missing`,
		at + `53: the section "The code to read" is twice there, or too late`,
		at + `55: before "Sources" the section "The other two models" is missing`,
		at + `55: the section "Sources" is empty`,
		folder + `bad/misconceptions.txt:1: ` + folder + `bad/01-bad.md does not meet "the sea is made of ink"`,
		folder + "bad/misconceptions.txt:2: a line is a chapter's number and what is believed",
		at + "3: " + folder + `bad/misconceptions.txt does not give this chapter "nobody has listed this"`,
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Errorf("each fault is one line with its place (-want +got):\n%s", d)
	}
}

// Taking any one thing away from a good chapter is noticed.
func TestWithoutAnyRequiredSectionAChapterIsNotWhole(t *testing.T) {
	text, err := os.ReadFile("testdata/good/01-good.md")
	if err != nil {
		t.Fatal(err)
	}
	repository := t.TempDir()
	for _, r := range required {
		without := strings.Replace(string(text), "## "+r.title+"\n", "", 1)
		if err := os.WriteFile(repository+"/01-x.md", []byte(without), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Parse(repository, "01-x.md")
		if err == nil || !strings.Contains(err.Error(), `the section "`+r.title+`" is missing`) {
			t.Errorf("without its section %q a chapter gives %v", r.title, err)
		}
	}
}

func TestHTML(t *testing.T) {
	code, err := source.Load(root(t), "./tutorials/chapter/testdata")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(root(t), folder+"good/01-good.md")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.HTML(code)
	if err != nil {
		t.Fatal(err)
	}
	for about, want := range map[string]string{
		"a quote leads to the source": `<figcaption><span class="where"><a href="/source/` + folder +
			`code.go.html#go-quoted">` + folder + `code.go</a>, <code>quoted</code>, line 3</span> ` +
			`<span>A caption with &lt;angles&gt;.</span></figcaption>`,
		"its code has its line number": `<span class="l" data-n="3">` +
			`<span class="k">func</span> <span class="nf">quoted</span>`,
		"a transcript is a terminal":    `<kbd>echo a</kbd>` + "\n" + `<samp>a</samp>`,
		"a check says its claim":        `<p>One is one.</p>`,
		"and what is wanted":            `<code>a = 1</code>`,
		"a misconception can be linked": `id="misconception-1"`,
		"a drawing says what it shows":  `<div role="img" aria-label="A wave."><svg viewBox`,
		"a heading can be linked":       `<h2 id="the-question">The question</h2>`,
		"a chapter's link is a page's":  `<a href="02-late.html#x">the end</a>`,
		"another's is not":              `<a href="https://example.org/a.md">elsewhere</a>`,
		"a table scrolls":               `<div class="wide"`,
		"other languages are coloured":  `<span class="kt">int</span>`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: there is no\n%s\nin\n%s", about, want, got)
		}
	}
	if strings.Contains(string(got), "<h1") {
		t.Error("the title is in the text, and above it too")
	}
}

func TestABrokenBlockSaysWhatIsWrong(t *testing.T) {
	c, err := Parse(root(t), folder+"bad/01-bad.md")
	if err == nil {
		t.Fatal("nothing is said to be wrong")
	}
	got, err := c.HTML(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `<p class="broken">there is no file nowhere.go</p>`; !strings.Contains(string(got), want) {
		t.Errorf("there is no %s in\n%s", want, got)
	}
}

func TestEdited(t *testing.T) {
	c, err := Parse(root(t), folder+"good/01-good.md")
	if err != nil {
		t.Fatal(err)
	}
	got := string(c.Edited([]Edit{c.Transcripts[0].Edit("$ echo longer\nlonger\n"), c.Checks[0].Edit("x\n")}))
	want := strings.Replace(string(c.text), "$ echo a\na\n", "$ echo longer\nlonger\n", 1)
	want = strings.Replace(want, "One is one.\na = echo 1\nwant a = 1\n", "x\n", 1)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
