package markdown

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/book/exercise"
	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/book/quote"
	"threeloops/tutorials/book/scene"
)

const folder = "tutorials/book/markdown/testdata/"

// root returns the root of the repository, by a name that begins with this module's directory. go
// test notices changes only in files with such names.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir + "/../../.."
}

func TestAGoodBook(t *testing.T) {
	b, err := Load(root(t), folder+"good")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Chapters) != 1 || len(b.Pages) != 1 || b.Pages[0].Title != "A page" {
		t.Fatalf("got %d chapters and %d pages", len(b.Chapters), len(b.Pages))
	}
	c := b.Chapters[0]
	if c.Number != 1 || c.Title != "A good chapter" || c.Minutes != 40 ||
		len(c.Quotes) != 1 || len(c.Transcripts) != 2 || len(c.Checks) != 1 ||
		len(c.Predictions) != 1 || c.Predictions[0].Right != 1 || len(c.Experiments) != 1 || len(c.Programs) != 3 || len(c.Labs) != 1 ||
		c.Exercise == nil || c.Exercise.Text != "It is *well* hidden." {
		t.Errorf("the chapter was parsed as %+v", c)
	}
	if q := c.Question(); q != "Who asks?" {
		t.Errorf("its question was parsed as %q", q)
	}
	m := b.Misconceptions
	if len(m) != 2 || m[0].In != c || m[0].Belief.ID != "misconception-1" ||
		m[0].Belief.Section != "The code to read" || m[1].In != nil || m[1].Number != 2 {
		t.Errorf("the misconceptions were parsed as %+v", m)
	}
}

func TestABadBookIsToldWhatIsWrong(t *testing.T) {
	_, err := Load(root(t), folder+"bad")
	if err == nil {
		t.Fatal("Load returned no error")
	}
	const at, dir = folder + "bad/01-bad/chapter.md:", folder + "bad/01-bad/"
	want := []string{
		at + "13: there is no file nowhere.go",
		at + `16: a quote must have the form "quote FILE#NAME" or "quote FILE#NAME doc"`,
		at + "25: a chapter must not contain HTML",
		at + "25: a chapter must not contain HTML",
		at + "27: a chapter must not contain HTML",
		at + "27: a chapter must not contain HTML",
		at + `29: code in Go must be quoted by its name, not copied: write a block "quote FILE#NAME"`,
		at + `33: a prediction must have the form "predict NAME", with a name of a-z, 0-9 and -`,
		at + "36: a prediction must end with the right answer and the reason",
		at + `42: a prediction must have 2 to 5 choices, "( ) ...", not 1`,
		at + `48: a prediction must have only one right choice, "(x) ..."`,
		at + `55: a prediction must have a right choice, "(x) ..."`,
		at + `62: the prediction has the choice "a" twice`,
		at + `69: a choice must come before the explanation: "(x) b"`,
		at + "76: a chapter must not contain HTML",
		at + "90: the chapter already has a prediction good, in line 83",
		at + `97: an experiment must have the form "experiment NAME KIND", with a name of a-z, 0-9 and -, ` +
			"and a kind of chart: bars, lines, log, none",
		at + "101: there is no " + folder + "bad/01-bad/gone/main.go",
		at + "105: an experiment must say what it runs, and what to look at",
		at + "108: the block exercise must have no name: a chapter has only one",
		at + "111: " + folder + "bad/01-bad/exercise.md is missing, or has faults",
		at + `114: "cruel" is unknown or there twice; the clients are half, silent, reset, unread, drip`,
		at + `118: a panel must have the form "clients KIND ...", and its body must say what to watch`,
		at + `121: the gallery has no example "no-such-example"`,
		at + `125: an example of the laboratory must have the form "lab NAME [SERVER ...] [FROM TO [without CALL ...]]", ` +
			`such as "lab nagle epollserv 1.5s 1.6s without read"`,
		at + "129: an example of the laboratory must say what to watch",
		at + "132: a chapter must not contain HTML",
		at + "140: the chapter already has the example nagle, in line 136",
		at + `146: a picture must be a drawing: write a block "drawing FILE"`,
		at + `148: a console block must begin with a command: "$ ..."`,
		at + "152: a check must have a line “want ...”",
		at + "157: there is no drawing gone.svg",
		at + `161: a drawing must have the form "drawing FILE", and its body must say what it shows`,
		at + `1: the page has no title: write "# ..." on the first line`,
		at + `7: the heading "The question" has level 2 after one of level 0`,
		at + `23: the heading "But not this" has level 5 after one of level 3`,
		at + `1: the chapter doesn't say how long it takes: "About 45 minutes." below the title`,
		at + `7: the section "The question" lacks a question mark`,
		at + `11: before "Predict" the section "The code to read" is missing`,
		at + `11: the section "Predict" lacks a block predict`,
		at + `19: the section "The experiment" lacks a block experiment, console or check`,
		at + `144: before "Remember" the section "Find the bug" is missing`,
		at + `164: the section "The code to read" is there twice, or too late`,
		at + `166: before "Sources" the section "The other two models" is missing`,
		at + `166: the section "Sources" is empty`,
		dir + "exercise/main.go:191: the program has 203 lines, which is more than 190",
		dir + `library/main.go:1: no block "experiment library" runs this program, and no block "step" or "fault" shows it`,
		dir + "library/main.go:1: a chapter's program must be of package main",
		dir + `run/main.go:1: no block "experiment run" runs this program, and no block "step" or "fault" shows it`,
		dir + "run/more.go:1: a chapter's program must be one file, main.go",
		dir + "exercise/main.go:1: it differs from the server in 200 lines, which is more than 12",
		folder + `bad/about.md:3: only a chapter can have a block "exercise"`,
		dir + "exercise.md:1: “red: ...” must name the checks that fail, with commas between them",
		dir + "exercise.md:2: the section “Explanation” is missing at the end",
		folder + `bad/misconceptions.txt:1: ` + folder + `bad/01-bad/chapter.md doesn't correct "the sea is made of ink"`,
		folder + "bad/misconceptions.txt:2: a line must be a chapter's number and a misconception",
		folder + "bad/misconceptions.txt:3: " + folder + "bad/01-bad/chapter.md is written: remove “planned”",
		folder + "bad/misconceptions.txt:4: there is no chapter 2: write “2 planned the moon is a cheese” " +
			"until it is written",
		at + "3: " + folder + `bad/misconceptions.txt doesn't list "nobody has listed this" for this chapter`,
	}
	if d := cmp.Diff(want, strings.Split(err.Error(), "\n")); d != "" {
		t.Errorf("each fault must be one line with its place (-want +got):\n%s", d)
	}
}

// Load notices if any required section of a good chapter is missing.
func TestWithoutAnyRequiredSectionAChapterIsNotWhole(t *testing.T) {
	text, err := os.ReadFile("testdata/good/01-good/chapter.md")
	if err != nil {
		t.Fatal(err)
	}
	repository := t.TempDir()
	for _, r := range required {
		without := strings.Replace(string(text), "## "+r.title+"\n", "", 1)
		if err := os.MkdirAll(repository+"/01-x", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(repository+"/01-x/chapter.md", []byte(without), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Parse(repository, "01-x/chapter.md")
		if err == nil || !strings.Contains(err.Error(), `the section "`+r.title+`" is missing`) {
			t.Errorf("a chapter without the section %q gives %v", r.title, err)
		}
	}
}

// A quote of a chapter's program doesn't lead to the functions that the chapter hides.
func TestQuotesOfAChaptersProgramDontSpoilItsExercise(t *testing.T) {
	const link = `c.<a href="/source/` + Folder + `/02-bytes/server/main.go.html#L61">next</a>(` +
		`<a href="https://pkg.go.dev/net#Conn">Conn</a>)`
	if got, want := string(unspoiled(link)), `c.next(<a href="https://pkg.go.dev/net#Conn">Conn</a>)`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := &Chapter{in: Folder + "/02-bytes", Exercise: &Exercise{Exercise: &exercise.Exercise{Sound: "server"}}}
	code, err := annotate.Load(root(t), "./"+Folder+"/02-bytes/server", "./"+Folder+"/02-bytes/reads")
	if err != nil {
		t.Fatal(err)
	}
	for name, linked := range map[string]bool{"server": false, "reads": true} {
		r := &quote.Region{Path: Folder + "/02-bytes/" + name + "/main.go", Name: "main", First: 1, Last: 2}
		where := string(blocks{c, code, nil}.where(&Quote{1, "", r}))
		if strings.Contains(where, "<a ") != linked {
			t.Errorf("the place of a quote from %s is %s", name, where)
		}
	}
}

// What the chapters simplify is in a file beside their folder, and becomes a page.
func TestLimitsAreAPage(t *testing.T) {
	b, err := Load(root(t), Folder)
	if err != nil {
		t.Fatal(err)
	}
	if last := b.Pages[len(b.Pages)-1]; last.Name != "LIMITS" || last.Numbered {
		t.Errorf("the last page is %q, want LIMITS", last.Name)
	}
	if got := string(pageLink([]byte("../../LIMITS.md"))); got != "LIMITS.html" {
		t.Errorf("a link to it from a chapter became %q", got)
	}
}

func TestHTML(t *testing.T) {
	code, err := annotate.Load(root(t), "./tutorials/book/markdown/testdata")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(root(t), folder+"good/01-good/chapter.md")
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.HTML(code)
	if err != nil {
		t.Fatal(err)
	}
	for about, want := range map[string]string{
		"a quote of product code is closed": `<figure class="quote folded"><details><summary><span class="where">` + folder +
			`code.go, <code>quoted</code></span> <span class="what">quoted is quoted.</span></summary>`,
		"a quote leads to the source": `<p class="where"><a href="/source/` + folder +
			`code.go.html#go-quoted">` + folder + `code.go</a>, <code>quoted</code>, line 4</p>`,
		"its caption can be read": `<figcaption>A caption with &lt;angles&gt; and <code>code</code>.</figcaption>`,
		"its code has its line number": `<span class="l" data-n="4">` +
			`<span class="k">func</span> <span class="nf">quoted</span>`,
		"a transcript is a terminal":            `<kbd>echo a</kbd>` + "\n" + `<samp>a</samp>`,
		"a check says its claim":                `<span class="tick" aria-hidden="true">✓</span> One is one.</p>`,
		"how it is checked is closed":           "<details><summary>How this is checked</summary>\n<pre",
		"a check shows what it wants":           `<code>a = 1</code>`,
		"a misconception can be linked":         `id="misconception-1"`,
		"a drawing says what it shows":          `<div role="img" aria-label="A wave."><svg viewBox`,
		"a heading can be linked":               `<h2 id="the-question">The question</h2>`,
		"a chapter's link is a page's":          `<a href="02-late.html#x">the end</a>`,
		"a link to another site stays as it is": `<a href="https://example.org/a.md">elsewhere</a>`,
		"a table scrolls":                       `<div class="wide"`,

		"a prediction is a form": `<form class="predict" id="predict-backlog" data-name="1.backlog">`,
		"its question may have code": "<legend>How many connects succeed\n" +
			"if <code>listen</code> is given &lt;2&gt;?</legend>",
		"a choice is its text": "<label><input type=\"radio\" name=\"choice\" value=\"`3`\"> " +
			"<span><code>3</code></span></label>",
		"a place for the reader's answer": `<p class="said" aria-live="polite"></p>`,
		"the right answer is hidden": "<details class=\"why\" data-right=\"`3`\"><summary>The right answer</summary>\n" +
			"<p><strong><code>3</code></strong></p>\n<p>One more than it says, for the kernel compares with &gt;.</p>",

		"an experiment is a section": `<section class="experiment" id="experiment-backlog" data-name="1.backlog" ` +
			`data-asked="1.backlog" data-kind="bars" aria-labelledby="run-backlog">`,
		"it says what is run":       `<p>Nobody <em>accepts</em>. See <a href="/source/">the source</a>.</p>`,
		"it leads to what it tests": `<a href="#predict-backlog">what you expect</a>`,
		"its command can be copied": `<pre class="console" tabindex="0"><code><span class="prompt">$ </span>` +
			`<kbd>go run ./` + folder + `good/01-good/backlog</kbd></code></pre>`,
		"its button waits for the coach": `<button type="button" class="run" disabled>Run it here</button> ` +
			`<span class="state" aria-live="polite">`,
		"our run has its machine":                                  `<summary>Our run: 2026-11-22, a machine, 2 processors</summary>`,
		"our run stays closed if a prediction asks for its result": `<details class="ours"><summary>Our run`,
		"our run has its chart": `<svg role="img" aria-label="A bar chart. succeed: 2 at one, 3 at two. ` +
			`time: 1 ms at one, 2 ms at two."`,
		"our run has its output": "<pre tabindex=\"0\"><span class=\"words\">Nobody " +
			"accepts.</span>\n\nbacklog   succeed   time\none ",
		"the reader's run has a place": `<figure class="yours" hidden><figcaption>Your run</figcaption>` +
			`<pre tabindex="0"></pre><div class="chart"></div></figure>`,

		"an exercise is a section": `<section class="exercise" id="exercise-1" data-chapter="1" ` +
			`aria-labelledby="symptom">`,
		"its title is the symptom":     `<h3 id="symptom">The second question is never answered</h3>`,
		"its symptom is Markdown":      `<p>A client that asks <code>once</code> is served.`,
		"with blocks of code":          `nc 127.0.0.1 <span class="m">9000</span>`,
		"the chapter may add to it":    `<p>It is <em>well</em> hidden.</p>`,
		"its commands name the number": `<kbd>go run ./tutorials start 1 ~/exercise-01</kbd>`,
		"hints are hidden, in order":   "<summary>Hint 3 of 3</summary>\n<p>It is an <code>if</code>.</p></details>",

		"clients are a section":    `<section class="clients" id="clients-half-reset" data-kinds="half reset" aria-label=`,
		"the servers have a place": `<nav class="servers" aria-label="The server of this page" hidden></nav>`,
		"each is a button": `<div class="buttons"><button type="button" data-kind="half" disabled>` +
			"half a request, then silence</button>\n" + `<button type="button" data-kind="reset" disabled>`,
		"with places for what happens": `<ul class="alive"></ul>` + "\n</div>\n" +
			`<div class="figures" aria-live="off"></div>`,

		"an example of the laboratory is a section":      `<section class="scene" id="lab-drip" aria-labelledby="watch-drip">`,
		"its title is a heading":                         `<h3 id="watch-drip">Watch it: A request that comes in four pieces</h3>`,
		"its question comes first":                       `<p class="question">A sends one request in four pieces, 100 ms apart.`,
		"the chapter says what to watch":                 `<p>Count the <em>reads</em>.</p>`,
		"its picture is drawn":                           `aria-label="Space-time diagram of pollserv: A request that comes in four pieces"`,
		"its picture is drawn again for a narrow screen": `<div class="slim"><svg`,
		"the first picture explains the signs": "<figcaption>A run of pollserv on a simulated kernel, from 1.1\u00a0s to 1.2\u00a0s after its start; " +
			"some calls are left out. Time goes down,",
		"a bar is explained":                           "A bar is a call that waits.</figcaption>",
		"the second picture only explains what is new": "after its start; some calls are left out. A row can stand for several",
		"its answer is hidden":                         "<details class=\"answer\"><summary>The answer</summary>\n<p>It reads four times,",
		"it leads to the laboratory":                   `<a href="/lab.html#drip">Open it in the laboratory</a>`,

		"other languages are coloured": `<span class="kt">int</span>`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s: want\n%s\nin\n%s", about, want, got)
		}
	}
	if strings.Contains(string(got), "It was a loop") {
		t.Error("the page shows the explanation of the exercise")
	}
	c.Predictions = nil
	if got, err = c.HTML(code); err != nil || !strings.Contains(string(got), `<details class="ours" open>`) {
		t.Errorf("our run must be open if no prediction asks for its result: %v", err)
	}
	if strings.Contains(string(got), "About 40 minutes.") {
		t.Error("how long it takes is in the text, and above it too")
	}
	if strings.Contains(string(got), "<h1") {
		t.Error("the title must not be in the text, because it is above it")
	}
}

// An example whose picture is missing or broken says so.
func TestALabWithoutItsPicture(t *testing.T) {
	repository := t.TempDir()
	s, err := scene.Parse(root(t), "ch", []string{"drip"})
	if err != nil {
		t.Fatal(err)
	}
	c := &Chapter{root: repository, Labs: []*Lab{{1, s, "Watch."}}}
	for _, want := range []string{"The picture is not recorded yet.", "The picture: ch/lab-drip.json: "} {
		var page bytes.Buffer
		w := bufio.NewWriter(&page)
		blocks{Chapter: c}.writeLab(w, c.Labs[0])
		w.Flush()
		if !strings.Contains(page.String(), want) {
			t.Errorf("want %s in\n%s", want, &page)
		}
		if err := os.MkdirAll(repository+"/ch", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(repository+"/ch/lab-drip.json", []byte("{"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Our run of an experiment stays closed until the reader has predicted its result, whatever the
// names.
func TestAnExperimentIsAskedFor(t *testing.T) {
	predict := func(line int, name string) *Prediction { return &Prediction{Line: line, Chapter: 1, Name: name} }
	run := func(line int, name string) *Experiment {
		return &Experiment{line, &experiment.Experiment{Chapter: 1, Name: name, Dir: "none", Kind: "none"}}
	}
	c := &Chapter{
		Number:      1,
		Predictions: []*Prediction{predict(1, "a"), predict(2, "b"), predict(3, "c"), predict(5, "d"), predict(9, "e")},
		Experiments: []*Experiment{run(4, "a"), run(6, "x"), run(7, "y"), run(8, "d"), run(10, "z")},
	}
	want := map[string][]string{"a": {"a"}, "x": {"b", "c"}, "y": nil, "d": {"d"}, "z": {"e"}}
	got := make(map[string][]string)
	for _, e := range c.Experiments {
		got[e.Name] = nil
		for _, p := range c.Asked(e) {
			got[e.Name] = append(got[e.Name], p.Name)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("wrong predictions for the experiments (-want +got):\n%s", d)
	}
	var page bytes.Buffer
	w := bufio.NewWriter(&page)
	blocks{Chapter: c}.writeExperiment(w, c.Experiments[1])
	w.Flush()
	if want := `First say what you expect: <a href="#predict-b">b</a>, <a href="#predict-c">c</a>.`; !strings.Contains(
		page.String(), want) {
		t.Errorf("want %s in\n%s", want, &page)
	}
}

func TestABrokenBlockSaysWhatIsWrong(t *testing.T) {
	c, err := Parse(root(t), folder+"bad/01-bad/chapter.md")
	if err == nil {
		t.Fatal("Load returned no error")
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
	c, err := Parse(root(t), folder+"good/01-good/chapter.md")
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
