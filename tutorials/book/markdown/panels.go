package markdown

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"strings"

	"github.com/yuin/goldmark/util"

	"threeloops/tutorials/book/experiment"
)

// coachless is the text beside a button while no coach is found.
const coachless = "This needs JavaScript and the coach: go run ./tutorials"

// markup is HTML, which must not be escaped.
type markup string

// paragraphs renders Markdown that was checked when the chapter was read.
func paragraphs(text string) markup {
	s, _ := prose(text)
	return markup(s)
}

// inline renders such Markdown for use within a line.
func inline(text string) markup {
	s, _ := phrase(text)
	return markup(s)
}

// put writes HTML with arguments, which it escapes unless they are markup.
func put(w util.BufWriter, format string, args ...any) {
	for i, a := range args {
		if text, ok := a.(string); ok {
			args[i] = html.EscapeString(text)
		}
	}
	fmt.Fprintf(w, format, args...)
}

func writePrediction(w util.BufWriter, p *Prediction) {
	put(w, "<form class=\"predict\" id=\"predict-%s\" data-name=\"%s\">\n<fieldset><legend>%s</legend>\n",
		p.Name, p.ID(), inline(p.Question))
	for _, c := range p.Choices {
		put(w, "<label><input type=\"radio\" name=\"choice\" value=\"%s\"> <span>%s</span></label>\n", c, inline(c))
	}
	put(w, "</fieldset>\n<p class=\"said\" aria-live=\"polite\"></p>\n<details class=\"why\" data-right=\"%s\">"+
		"<summary>The right answer</summary>\n<p><strong>%s</strong></p>\n%s</details>\n</form>\n",
		p.Choices[p.Right], inline(p.Choices[p.Right]), paragraphs(p.Why))
}

func (b blocks) writeExperiment(w util.BufWriter, e *Experiment) {
	asked := b.Asked(e)
	var ids []string
	for _, p := range asked {
		ids = append(ids, p.ID())
	}
	put(w, "<section class=\"experiment\" id=\"experiment-%s\" data-name=\"%s\" data-asked=\"%s\" data-kind=\"%s\" "+
		"aria-labelledby=\"run-%s\">\n<h3 id=\"run-%s\">Run it: %s</h3>\n%s\n",
		e.Name, e.ID(), strings.Join(ids, " "), e.Kind, e.Name, e.Name, strings.ReplaceAll(e.Name, "-", " "),
		paragraphs(e.About))
	writeAsked(w, asked)
	writeCommands(w, e.Command())
	put(w, "<p class=\"row\"><button type=\"button\" class=\"run\" disabled>Run it here</button> "+
		"<span class=\"state\" aria-live=\"polite\">%s</span></p>\n<div class=\"runs\">\n",
		coachless)
	b.writeOurs(w, e, asked != nil)
	put(w, "<figure class=\"yours\" hidden><figcaption>Your run</figcaption><pre tabindex=\"0\"></pre>"+
		"<div class=\"chart\"></div></figure>\n</div>\n</section>\n")
}

// writeAsked links to the predictions that the reader must make first. The page replaces this text
// by the reader's answer, and later by the verdict, so that nothing below it moves.
func writeAsked(w util.BufWriter, asked []*Prediction) {
	switch len(asked) {
	case 0:
		return
	case 1:
		put(w, "<p class=\"verdict\">First say <a href=\"#predict-%s\">what you expect</a>.</p>\n", asked[0].Name)
		return
	}
	var links []string
	for _, p := range asked {
		links = append(links, fmt.Sprintf("<a href=\"#predict-%s\">%s</a>", p.Name, strings.ReplaceAll(p.Name, "-", " ")))
	}
	put(w, "<p class=\"verdict\">First say what you expect: %s.</p>\n", markup(strings.Join(links, ", ")))
}

// writeOurs writes our run, and below it the run's chart if the table can be drawn. The order is
// that of the reader's run, whose output comes first. Our run is closed if the reader is asked to
// predict its result. verify reports faults in our run.
func (b blocks) writeOurs(w util.BufWriter, e *Experiment, closed bool) {
	ours, err := e.Recorded(b.root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		put(w, "<p class=\"ours\">Our run is not recorded yet.</p>\n")
		return
	case err != nil:
		put(w, "<p class=\"ours\">Our run: %s</p>\n", err.Error())
		return
	}
	open := markup(" open")
	if closed {
		open = ""
	}
	put(w, "<details class=\"ours\"%s><summary>Our run: %s, %s</summary><pre tabindex=\"0\">%s</pre>", open, ours.Date,
		ours.Machine, wrapped(ours.Output))
	if t, err := ours.Table(); err == nil && e.Kind != "none" {
		if svg, err := experiment.Chart(e.Kind, experiment.Named{Name: "ours", Table: t}); err == nil {
			put(w, "<div class=\"chart\">%s</div>", markup(svg))
		}
	}
	put(w, "</details>\n")
}

// wrapped escapes the output of a program. Lines outside of the table may wrap, so that they don't
// make the page scroll.
func wrapped(output string) markup {
	var b strings.Builder
	for line := range strings.Lines(output) {
		text, end := strings.CutSuffix(line, "\n")
		if text == "" || experiment.InTable(text) {
			b.WriteString(html.EscapeString(text))
		} else {
			fmt.Fprintf(&b, `<span class="words">%s</span>`, html.EscapeString(text))
		}
		if end {
			b.WriteByte('\n')
		}
	}
	return markup(b.String())
}

// writeCommands shows what a reader types at the root of the repository.
func writeCommands(w util.BufWriter, commands ...string) {
	put(w, "<pre class=\"console\" tabindex=\"0\"><code>")
	for i, c := range commands {
		if i > 0 {
			put(w, "\n")
		}
		put(w, "<span class=\"prompt\">$ </span><kbd>%s</kbd>", c)
	}
	put(w, "</code></pre>\n")
}

func writeExercise(w util.BufWriter, e *Exercise) {
	put(w, "<section class=\"exercise\" id=\"exercise-%d\" data-chapter=\"%[1]d\" aria-labelledby=\"symptom\">\n"+
		"<h3 id=\"symptom\">%s</h3>\n%s\n", e.Number, e.Title, paragraphs(e.Symptom))
	if e.Text != "" {
		put(w, "%s\n", paragraphs(e.Text))
	}
	begin := "Copy that server, fix your copy"
	if e.Complete {
		begin = "Copy the program, write the missing part into your copy"
	}
	put(w, "<p>%s, and test it as often as you like:</p>\n", begin)
	writeCommands(w, fmt.Sprintf("go run ./tutorials start %d %s", e.Number, e.Place()),
		fmt.Sprintf("go run ./tutorials test %d", e.Number))
	for i, h := range e.Hints {
		put(w, "<details class=\"hint\"><summary>Hint %d of %d</summary>\n%s</details>\n",
			i+1, len(e.Hints), paragraphs(h))
	}
	put(w, "<p>When all checks pass, or if you give up, compare your code with ours, and read %s:</p>\n", e.Answer())
	writeCommands(w, fmt.Sprintf("go run ./tutorials diff %d", e.Number))
	put(w, "</section>\n")
}

// writeClients writes the buttons, with a place for the effects beside them. The page adds links to
// the servers if the launcher has told it their addresses.
func writeClients(w util.BufWriter, c *Clients) {
	put(w, "<section class=\"clients\" id=\"clients-%s\" data-kinds=\"%s\" "+
		"aria-label=\"Badly behaved clients for the server of this page\">\n%s\n"+
		"<nav class=\"servers\" aria-label=\"The server of this page\" hidden></nav>\n"+
		"<div class=\"pair\">\n<div class=\"senders\">\n<div class=\"buttons\">",
		strings.Join(c.Kinds, "-"), strings.Join(c.Kinds, " "), paragraphs(c.Text))
	for _, kind := range c.Kinds {
		for _, k := range ClientKinds {
			if k.Name == kind {
				put(w, "<button type=\"button\" data-kind=\"%s\" disabled>%s</button>\n", k.Name, k.Label)
			}
		}
	}
	put(w, "</div>\n<p class=\"state\">%s</p>\n<ul class=\"alive\"></ul>\n</div>\n"+
		"<div class=\"figures\" aria-live=\"off\"></div>\n</div>\n</section>\n", coachless)
}
