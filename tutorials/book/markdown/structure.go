package markdown

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// need is a section that each numbered chapter must have.
type need struct {
	title string
	needs string // what the section must have in addition to words
	has   func(c *Chapter, n ast.Node) bool
}

// required lists the sections that each numbered chapter must have, in this order. Other sections
// may be between them.
var required = []need{
	{"The question", "a question mark", asks},
	{"The code to read", "a quote", holds[*Quote]},
	{"Predict", "a block predict", holds[*Prediction]},
	{"The experiment", "a block experiment, console or check", runs},
	{"Find the bug", "the block exercise", holds[*Exercise]},
	{"Remember", "", nil},
	{"The other two models", "", nil},
	{"Sources", "a link", linked},
}

// completing is the list for a chapter with a program to complete instead of a bug. Such a chapter comes
// before the models.
var completing = []need{
	required[0], required[1], required[2], required[3],
	{"Complete the program", "the block exercise", holds[*Exercise]},
	required[5], required[7],
}

// completes reports whether the chapter has a program to complete.
func (c *Chapter) completes() bool { return c.Exercise != nil && c.Exercise.Complete }

func (c *Chapter) required() []need {
	if c.completes() {
		return completing
	}
	return required
}

// Question returns the chapter's question: in its section the text in bold, or else the first
// paragraph, or "".
func (c *Chapter) Question() (question string) {
	inside := false
	for n := c.tree.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			inside = plain(n, c.text) == required[0].title
		case *ast.Paragraph:
			if !inside {
				continue
			}
			if question == "" {
				question = plain(n, c.text)
			}
			for part := n.FirstChild(); part != nil; part = part.NextSibling() {
				if e, ok := part.(*ast.Emphasis); ok && e.Level == 2 {
					return plain(e, c.text)
				}
			}
		}
	}
	return question
}

// structure returns an error for each section that is missing or out of place.
func (c *Chapter) structure() (faults []error) {
	if c.Title == "" {
		faults = append(faults, c.fault(1, errors.New("the page has no title: write \"# ...\" on the first line")))
	}
	last := 0
	for i, s := range c.Sections {
		if s.Level > last+1 || s.Level == 1 && i > 0 {
			faults = append(faults, c.fault(s.Line, fmt.Errorf("the heading %q has level %d after one of level %d",
				s.Title, s.Level, last)))
		}
		last = s.Level
	}
	if c.Numbered && c.Minutes == 0 {
		faults = append(faults, c.fault(1, errMinutes))
	}
	if c.Numbered && c.Minutes > longSitting && !c.pauses() {
		faults = append(faults, c.fault(1, fmt.Errorf("the chapter takes %d minutes, so write %q between two of its parts",
			c.Minutes, pause)))
	}
	if c.Numbered {
		faults = append(faults, c.sections()...)
	}
	return faults
}

// A chapter of more than longSitting minutes has the sentence pause between two of its parts. The page
// how-this-course-works.md promises that.
const (
	longSitting = 45
	pause       = "This is a good place for a break."
)

// pauses reports whether a paragraph begins with the sentence pause. Instead of the full stop, a comma
// and more words may follow.
func (c *Chapter) pauses() bool {
	for n := c.tree.FirstChild(); n != nil; n = n.NextSibling() {
		if p, ok := n.(*ast.Paragraph); ok && strings.HasPrefix(plain(p, c.text), strings.TrimSuffix(pause, ".")) {
			return true
		}
	}
	return false
}

func (c *Chapter) sections() (faults []error) {
	next, required := 0, c.required()
	for n := c.tree.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Level != 2 {
			continue
		}
		title, line := plain(h, c.text), c.lineOf(h)
		i := slices.IndexFunc(required, func(r need) bool { return r.title == title })
		switch {
		case i < 0:
		case i < next:
			faults = append(faults, c.fault(line, fmt.Errorf("the section %q is there twice, or too late", title)))
		default:
			for _, missing := range required[next:i] {
				err := fmt.Errorf("before %q the section %q is missing", title, missing.title)
				faults = append(faults, c.fault(line, err))
			}
			next = i + 1
			faults = append(faults, c.complete(h, required[i], line)...)
		}
	}
	for _, missing := range required[next:] {
		err := fmt.Errorf("the section %q is missing", missing.title)
		faults = append(faults, c.fault(c.lineAt(len(c.text)), err))
	}
	return faults
}

// complete checks that a section isn't empty, and has what it needs.
func (c *Chapter) complete(h *ast.Heading, r need, line int) []error {
	full, has := false, r.has == nil
	for n := h.NextSibling(); n != nil; n = n.NextSibling() {
		if next, ok := n.(*ast.Heading); ok && next.Level <= 2 {
			break
		}
		full = true
		has = has || r.has(c, n)
	}
	switch {
	case !full:
		return []error{c.fault(line, fmt.Errorf("the section %q is empty", r.title))}
	case !has:
		return []error{c.fault(line, fmt.Errorf("the section %q lacks %s", r.title, r.needs))}
	}
	return nil
}

func (c *Chapter) lineOf(n ast.Node) int {
	if n.Lines().Len() == 0 {
		return 1
	}
	return c.lineAt(n.Lines().At(0).Start)
}

func asks(c *Chapter, n ast.Node) bool { return strings.Contains(plain(n, c.text), "?") }

func holds[T any](c *Chapter, n ast.Node) bool {
	_, ok := c.blocks[n].(T)
	return ok
}

func runs(c *Chapter, n ast.Node) bool {
	return holds[*Experiment](c, n) || holds[*Transcript](c, n) || holds[*Check](c, n)
}

func linked(_ *Chapter, n ast.Node) (found bool) {
	ast.Walk(n, func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n.(type) {
		case *ast.Link, *ast.AutoLink:
			found = true
		}
		return ast.WalkContinue, nil
	})
	return found
}
