package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"threeloops/tutorials/book/numbercheck"
	"threeloops/tutorials/book/quote"
	"threeloops/tutorials/book/transcript"
)

// Chapter is a Markdown file: a chapter if it has a number, otherwise a page.
type Chapter struct {
	Path     string // in the repository
	Name     string // without folder and extension: 03-a-process-per-connection
	Numbered bool   // it is a chapter, and not a page
	Number   int    // 0 for a page, too
	Title    string
	Minutes  int // that readers needed; 0: a page
	Sections []Section
	Beliefs  []Belief

	Quotes      []*Quote
	Transcripts []*Transcript
	Checks      []*Check
	Predictions []*Prediction
	Experiments []*Experiment
	Labs        []*Lab
	Steps       []*Step
	Published   []*Published
	Exercise    *Exercise // nil if there is none
	Programs    []string  // folders of the programs, in the repository

	text   []byte
	tree   ast.Node
	blocks map[ast.Node]any // the directives that are fenced blocks
	root   string           // of the repository
	in     string           // folder of the chapter, in the repository
	terms  []*Term          // terms that the page explains
}

// Section is a heading.
type Section struct {
	Title, ID string
	Level     int
	Line      int
}

// Belief is a misconception that a chapter corrects.
type Belief struct {
	Line     int
	Text, ID string
	Section  string // title of its section; "" above the first heading
}

// Quote is a region of a file that a chapter quotes.
type Quote struct {
	Line    int
	Caption string
	*quote.Region
}

// Transcript is a console block, and where its text is.
type Transcript struct {
	*transcript.Block
	extent
}

// Check is a check block, and where its text is.
type Check struct {
	*numbercheck.Check
	extent
}

// drawing is an SVG file, and a description of what it shows.
type drawing struct{ svg, about string }

// broken is a directive with a fault. The page shows the error in its place.
type broken struct{ error }

// extent is a range of bytes of a chapter.
type extent struct{ start, end int }

var numbered = regexp.MustCompile(`^(\d\d)-`)

// markdown parses the Markdown that chapters may use.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
)

// Parse reads the chapter at name, a path in the repository at root. Each line of the error is a
// fault with its place.
func Parse(root, name string) (*Chapter, error) {
	body, err := os.ReadFile(root + "/" + name)
	if err != nil {
		return nil, err
	}
	c := &Chapter{
		Path: name, Name: nameOf(name),
		text: body, tree: markdown.Parser().Parse(text.NewReader(body)),
		blocks: make(map[ast.Node]any), root: root, in: path.Dir(name),
	}
	if m := numbered.FindStringSubmatch(c.Name); m != nil {
		c.Numbered = true
		c.Number, _ = strconv.Atoi(m[1])
	}
	joinTexts(c.tree)
	c.takeMinutes()
	var faults []error
	err = ast.Walk(c.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			if line, err := c.visit(root, n); err != nil {
				faults = append(faults, c.fault(line, err))
			}
		}
		return ast.WalkContinue, nil
	})
	faults = append(append(faults, err), c.structure()...)
	return c, errors.Join(append(faults, c.programs()...)...)
}

// nameOf returns the name of the chapter or page whose text a file is. A chapter's name is that of
// its folder. The pages of a project, in a folder like 1-line-server, have its number.
func nameOf(file string) string {
	folder := path.Base(path.Dir(file))
	number, _, _ := strings.Cut(folder, "-")
	switch path.Base(file) {
	case textFile:
		return folder
	case "project.md":
		return "project-" + number
	case "solutions.md":
		return "project-" + number + "-solutions"
	}
	return strings.TrimSuffix(path.Base(file), ".md")
}

// Dir returns a chapter's folder in the repository. It has the text, the programs, the exercise and
// our runs.
func (c *Chapter) Dir() string { return c.in }

// section returns the title of the section that is being read.
func (c *Chapter) section() string {
	for _, s := range slices.Backward(c.Sections) {
		if s.Level == 2 {
			return s.Title
		}
	}
	return ""
}

func (c *Chapter) fault(line int, err error) error { return fmt.Errorf("%s:%d: %w", c.Path, line, err) }

// visit records a node if it is a directive, a section or the like. The line is for its error.
func (c *Chapter) visit(root string, n ast.Node) (line int, err error) {
	switch n := n.(type) {
	case *ast.Heading:
		id, _ := n.AttributeString("id")
		s := Section{Title: plain(n, c.text), Level: n.Level, Line: c.lineOf(n)}
		if b, ok := id.([]byte); ok {
			s.ID = string(b)
		}
		c.Sections = append(c.Sections, s)
		if n.Level == 1 && c.Title == "" {
			c.Title = s.Title
		}
	case *ast.Link:
		if reference := string(n.Destination); isConstant(reference) {
			return c.lineAt(lines(n).At(0).Start), c.number(root, n, reference)
		}
		n.Destination = pageLink(n.Destination)
	case *ast.HTMLBlock:
		return c.lineAt(n.Lines().At(0).Start), errHTML
	case *ast.RawHTML:
		return c.lineAt(n.Segments.At(0).Start), errHTML
	case *ast.Image:
		line := c.lineAt(n.Parent().Lines().At(0).Start)
		return line, errors.New("a picture must be a drawing: write a block \"drawing FILE\"")
	case *ast.FencedCodeBlock:
		line = 1
		if n.Info != nil {
			line = c.lineAt(n.Info.Segment.Start)
		}
		err = c.directive(root, n, line)
		if err != nil {
			c.blocks[n] = broken{err}
		}
		return line, err
	}
	return 0, nil
}

// directive reads a fenced block whose info string is at that line.
func (c *Chapter) directive(root string, n *ast.FencedCodeBlock, line int) error {
	if n.Info == nil {
		return nil
	}
	words := strings.Fields(string(n.Info.Segment.Value(c.text)))
	at := extent{start: n.Info.Segment.Stop + 1, end: n.Info.Segment.Stop + 1}
	if l := n.Lines(); l.Len() > 0 {
		at = extent{l.At(0).Start, l.At(l.Len() - 1).Stop}
	}
	body := string(n.Lines().Value(c.text))
	if slices.Contains([]string{"quote", "predict", "experiment", "clients", "lab", "step", "fault"}, words[0]) {
		var err error
		if body, err = numbers(root, body); err != nil {
			return err
		}
	}
	switch words[0] {
	case "quote":
		return c.quote(root, n, line, words[1:], body)
	case "console":
		b, err := transcript.Parse(body, line+1, words[1:])
		if err != nil {
			return err
		}
		t := &Transcript{b, at}
		c.Transcripts, c.blocks[n] = append(c.Transcripts, t), t
	case "check":
		k, err := numbercheck.Parse(body, line, words[1:])
		if err != nil {
			return err
		}
		check := &Check{k, at}
		c.Checks, c.blocks[n] = append(c.Checks, check), check
	case "misconception":
		id := "misconception-" + strconv.Itoa(len(c.Beliefs)+1)
		belief := Belief{line, strings.TrimSpace(body), id, c.section()}
		c.Beliefs, c.blocks[n] = append(c.Beliefs, belief), belief
	case "hours":
		all, err := c.hours(words[1:], body)
		if err != nil {
			return err
		}
		c.blocks[n] = all
	case "drawing":
		return c.drawing(n, words[1:], body)
	case "predict", "experiment", "exercise", "clients", "lab", "step", "fault":
		return c.learn(n, line, words, body)
	case "go":
		return errors.New("code in Go must be quoted by its name, not copied: write a block \"quote FILE#NAME\"")
	}
	return nil
}

func (c *Chapter) quote(root string, n ast.Node, line int, words []string, body string) error {
	doc := len(words) == 2 && words[1] == "doc"
	if len(words) != 1 && !doc {
		return errors.New("a quote must have the form \"quote FILE#NAME\" or \"quote FILE#NAME doc\"")
	}
	r, err := quote.Find(root, words[0], doc)
	if err != nil {
		return err
	}
	q := &Quote{line, strings.TrimSpace(body), r}
	c.Quotes, c.blocks[n] = append(c.Quotes, q), q
	return nil
}

func (c *Chapter) drawing(n ast.Node, words []string, body string) error {
	if len(words) != 1 || strings.TrimSpace(body) == "" {
		return errors.New("a drawing must have the form \"drawing FILE\", and its body must say what it shows")
	}
	svg, err := os.ReadFile(c.root + "/" + c.in + "/" + words[0])
	if err != nil {
		return fmt.Errorf("there is no drawing %s", words[0])
	}
	i := bytes.Index(svg, []byte("<svg"))
	if i < 0 {
		return fmt.Errorf("%s isn't an SVG file", words[0])
	}
	c.blocks[n] = drawing{string(svg[i:]), strings.Join(strings.Fields(body), " ")}
	return nil
}

func (c *Chapter) lineAt(offset int) int { return 1 + bytes.Count(c.text[:offset], []byte("\n")) }

// pageLink turns a link to a chapter's file into a link to the chapter's page.
func pageLink(to []byte) []byte {
	file, fragment, _ := bytes.Cut(to, []byte("#"))
	if !bytes.HasSuffix(file, []byte(".md")) || bytes.Contains(to, []byte(":")) {
		return to
	}
	to = append([]byte(nameOf(string(file))), ".html"...)
	if len(fragment) > 0 {
		to = append(append(to, '#'), fragment...)
	}
	return to
}

// plain returns the text of a node.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(source))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
