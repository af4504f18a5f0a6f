package markdown

import (
	"errors"
	"fmt"
	"html"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/util"

	"threeloops/tutorials/book/diff"
	"threeloops/tutorials/book/quote"
	"threeloops/tutorials/tester"
)

// stepsFolder is the folder of a chapter's steps, in the chapter's folder.
const stepsFolder = "steps"

// stepLines is how many lines a step may change, on either side.
const stepLines = 40

// Step is a program that has grown out of another one.
type Step struct {
	Line  int
	Name  string   // of its folder
	Dir   string   // of the program, in the repository
	From  string   // folder of the program before it; "" if there is none
	Kind  string   // of server, as package tester names it
	Fails []string // checks of the tester that the program doesn't pass yet
	Text  string   // what is new; Markdown

	now    *quote.Region // the whole program
	before string        // the program before it
}

var stepName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

var errStep = errors.New("a step must have the form \"step NAME [from CHAPTER/FOLDER] [KIND] [fails CHECK ...]\", " +
	"and its body must say what is new")

// step reads the block of a program that has grown out of the step before, or out of another
// chapter's program.
func (c *Chapter) step(line int, words []string, body string) (*Step, error) {
	s := &Step{Line: line, Kind: "line", Text: strings.TrimSpace(body)}
	if len(words) == 0 || !stepName.MatchString(words[0]) || s.Text == "" {
		return nil, errStep
	}
	s.Name, words = words[0], words[1:]
	s.Dir = c.Dir() + "/" + stepsFolder + "/" + s.Name
	if !exists(c.root + "/" + s.Dir) {
		s.Dir = c.Dir() + "/" + s.Name
	}
	if n := len(c.Steps); n > 0 {
		s.From = c.Steps[n-1].Dir
	}
	if len(words) > 1 && words[0] == "from" {
		s.From, words = path.Dir(c.Dir())+"/"+words[1], words[2:]
	}
	if len(words) > 0 && words[0] != "fails" {
		s.Kind, words = words[0], words[1:]
	}
	if len(words) > 0 {
		if words[0] != "fails" || len(words) == 1 {
			return nil, errStep
		}
		s.Fails = words[1:]
	}
	if err := c.haveChecks(s.Kind, s.Fails); err != nil {
		return nil, err
	}
	return s, errors.Join(c.compare(s), allProse(s.Text))
}

// haveChecks returns an error if the tester doesn't have these checks for servers of that kind, up to this
// chapter.
func (c *Chapter) haveChecks(kind string, names []string) error {
	known := tester.Checks(kind, c.Number)
	if len(known) == 0 {
		return fmt.Errorf("up to chapter %d the tester has no checks of the kind %q", c.Number, kind)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("up to chapter %d there is no check %q of the kind %s; the checks are %s", c.Number, name,
				kind, strings.Join(known, ", "))
		}
	}
	return nil
}

// compare reads the two programs of a step.
func (c *Chapter) compare(s *Step) error {
	region, err := quote.Find(c.root, s.Dir+"/main.go", false)
	if err != nil {
		return err
	}
	s.now = region
	c.Quotes = append(c.Quotes, &Quote{s.Line, "", region})
	if s.From == "" {
		return nil
	}
	before, err := os.ReadFile(c.root + "/" + s.From + "/main.go")
	if err != nil {
		return fmt.Errorf("the step before has no program %s/main.go", s.From)
	}
	s.before = string(before)
	if n := max(diff.Changed(s.before, s.now.Text)); n > stepLines {
		return fmt.Errorf("the step changes %d lines of %s, which is more than %d", n, s.From, stepLines)
	}
	return nil
}

// writeStep writes what a step changes, or all of it if it is the first.
func (b blocks) writeStep(w util.BufWriter, s *Step) error {
	put(w, "<section class=\"step\" id=\"step-%s\" aria-labelledby=\"to-%s\">\n<h3 id=\"to-%s\">Step: %s</h3>\n%s\n",
		s.Name, s.Name, s.Name, words(stepTitle(s)), paragraphs(s.Text))
	var err error
	if s.From == "" {
		err = b.writeQuote(w, &Quote{s.Line, "", s.now})
	} else {
		b.writeChanges(w, s)
	}
	writeCommands(w, "go run ./"+s.Dir)
	writeFails(w, "still ", s.Fails)
	put(w, "</section>\n")
	return err
}

// writeFails lists the checks of the tester that a program fails. The adverb is "" or ends with a blank.
func writeFails(w util.BufWriter, adverb string, checks []string) {
	switch {
	case len(checks) == 1:
		put(w, "<p class=\"fails\">One check of the tester %sfails: <code>%s</code>, “%s”.</p>\n", adverb, checks[0],
			tester.Rule(checks[0]))
	case len(checks) > 1:
		put(w, "<p class=\"fails\">These checks of the tester %sfail:</p>\n<ul class=\"fails\">\n", adverb)
		for _, name := range checks {
			put(w, "<li><code>%s</code>: %s</li>\n", name, tester.Rule(name))
		}
		put(w, "</ul>\n")
	}
}

// stepTitle turns the name of a step into words: “2-poll” is “poll”.
func stepTitle(s *Step) string {
	_, name, numbered := strings.Cut(s.Name, "-")
	if !numbered {
		name = s.Name
	}
	return strings.ReplaceAll(name, "-", " ")
}

// writeChanges writes the groups of changed lines. Lines that are gone have the numbers of the program
// before.
func (b blocks) writeChanges(w util.BufWriter, s *Step) {
	gone, come := diff.Changed(s.before, s.now.Text)
	put(w, "<figure class=\"quote changes\"><figcaption><span class=\"where\">%s/main.go, compared with %s/main.go</span> "+
		"<span>%d lines are new, and %d are gone.</span></figcaption>\n",
		strings.TrimPrefix(s.Dir, Folder+"/"), strings.TrimPrefix(s.From, Folder+"/"), come, gone)
	for _, h := range diff.Hunks(s.before, s.now.Text) {
		put(w, "<pre class=\"code numbered\" tabindex=\"0\"><code>")
		for _, l := range h {
			switch l.Sign {
			case '-':
				put(w, "<del class=\"l\" data-n=\"%d\">%s</del>", l.From+1, b.line(s.From, l.From, l.Text))
			case '+':
				put(w, "<ins class=\"l\" data-n=\"%d\">%s</ins>", l.To+1, b.line(s.Dir, l.To, l.Text))
			default:
				put(w, "<span class=\"l\" data-n=\"%d\">%s</span>", l.To+1, b.line(s.Dir, l.To, l.Text))
			}
		}
		put(w, "</code></pre>\n")
	}
	put(w, "</figure>\n")
}

// line returns a line of a program, which has so many lines before it. It is highlighted if the code is
// loaded.
func (b blocks) line(dir string, before int, text string) markup {
	if f := b.code.File(dir + "/main.go"); f != nil {
		return unspoiled(string(b.code.Line(f, before+1)) + "\n")
	}
	return markup(html.EscapeString(text) + "\n")
}
