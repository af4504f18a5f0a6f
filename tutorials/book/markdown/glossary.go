package markdown

import (
	"errors"
	"fmt"
	"html/template"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// glossaryFile lists the terms, beside the chapters.
const glossaryFile = "glossary.md"

// Term is a word of the field, as a learner is told what it means.
type Term struct {
	Name    string
	Meaning template.HTML // one or two sentences
	Source  template.HTML // a link to the manual page or RFC
	In      []*Chapter    // that use it

	names *regexp.Regexp // what it is called in a text
}

// ID is the term's name in the glossary.
func (t *Term) ID() string {
	return "term-" + strings.Trim(notID.ReplaceAllString(strings.ToLower(t.Name), "-"), "-")
}

var (
	notID      = regexp.MustCompile(`[^a-z0-9]+`)
	sourceLink = regexp.MustCompile(`^\[[^]]+\]\(https://\S+\)$`)
)

// readGlossary reads the table of terms: the name, other forms of it, the meaning, the source.
func (b *Book) readGlossary(root, path string) error {
	text, err := os.ReadFile(root + "/" + path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var faults []error
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| term ") {
			continue
		}
		t, err := parseTerm(line)
		if err == nil && slices.ContainsFunc(b.Glossary, func(o *Term) bool { return o.Name == t.Name }) {
			err = fmt.Errorf("%q is there twice", t.Name)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", path, i+1, err))
			continue
		}
		b.Glossary = append(b.Glossary, t)
	}
	for _, c := range b.Chapters {
		c.terms = b.Glossary
		prose := c.prose()
		for _, t := range b.Glossary {
			if t.names.MatchString(prose) {
				t.In = append(t.In, c)
			}
		}
	}
	return errors.Join(append(faults, err)...)
}

func parseTerm(line string) (*Term, error) {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	switch {
	case len(cells) != 4 || cells[0] == "":
		return nil, errors.New("a row has a term, its other forms, its meaning and a source")
	case !strings.HasSuffix(cells[2], "."):
		return nil, fmt.Errorf("the meaning of %q is a sentence", cells[0])
	case !sourceLink.MatchString(cells[3]):
		return nil, fmt.Errorf("the source of %q is a link, [NAME](https://...)", cells[0])
	}
	t := &Term{Name: cells[0], Meaning: Sentence(cells[2]), Source: template.HTML(inline(cells[3]))}
	var names []string
	for _, name := range append(strings.Split(cells[1], ","), cells[0]) {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) }) // the longest first
	var err error
	t.names, err = regexp.Compile(`(?:^|[^\w-])(` + strings.Join(names, "|") + `)(?:$|[^\w-])`)
	return t, err
}

// joinTexts joins texts that the parser has parted, as TIME_WAIT at what could have begun an emphasis.
func joinTexts(tree ast.Node) {
	ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		t, ok := n.(*ast.Text)
		for ok && entering && !t.SoftLineBreak() && !t.HardLineBreak() {
			next, isText := t.NextSibling().(*ast.Text)
			if !isText || next.IsRaw() != t.IsRaw() || next.Segment.Start != t.Segment.Stop {
				break
			}
			t.Segment = t.Segment.WithStop(next.Segment.Stop)
			t.SetSoftLineBreak(next.SoftLineBreak())
			t.SetHardLineBreak(next.HardLineBreak())
			t.Parent().RemoveChild(t.Parent(), next)
		}
		return ast.WalkContinue, nil
	})
}

// prose is the text of a chapter in which terms are explained.
func (c *Chapter) prose() string {
	var b strings.Builder
	ast.Walk(c.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering && explains(n) {
			b.Write(t.Segment.Value(c.text))
			b.WriteByte('\n')
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// explains reports whether a term in a text is explained: not in code, links, headings and tables.
func explains(n ast.Node) bool {
	for n = n.Parent(); n != nil; n = n.Parent() {
		switch n.(type) {
		case *ast.CodeSpan, *ast.Link, *ast.Heading:
			return false
		case *ast.Paragraph, *ast.TextBlock:
			return true
		}
	}
	return false
}

// explainer knows which terms have been explained in the section that is being written.
type explainer struct {
	known map[*Term]bool
	count int // on the page
}

// inline writes a text; the first time that a section uses a term, with its meaning.
func (b blocks) inline(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	t := n.(*ast.Text)
	value := string(t.Segment.Value(source))
	if b.explained == nil || t.IsRaw() || !explains(n) {
		writeText(w, value)
	} else {
		b.explain(w, value)
	}
	switch {
	case t.HardLineBreak():
		w.WriteString("<br>\n")
	case t.SoftLineBreak():
		w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

func writeText(w util.BufWriter, text string) {
	w.Write(util.EscapeHTML(util.UnescapePunctuations([]byte(text))))
}

func (b blocks) explain(w util.BufWriter, text string) {
	for {
		var first *Term
		var from, to int
		for _, t := range b.terms {
			m := t.names.FindStringSubmatchIndex(text)
			if m != nil && !b.explained.known[t] && (first == nil || m[2] < from || m[2] == from && m[3] > to) {
				first, from, to = t, m[2], m[3]
			}
		}
		if first == nil {
			writeText(w, text)
			return
		}
		b.explained.known[first] = true
		b.explained.count++
		id := "meaning-" + strconv.Itoa(b.explained.count)
		writeText(w, text[:from])
		put(w, `<span class="term"><dfn tabindex="0" aria-describedby="%s">%s</dfn>`+
			`<span class="meaning" role="tooltip" id="%[1]s">%[3]s</span></span>`, id, text[from:to], markup(first.Meaning))
		text = text[to:]
	}
}
