package termtext

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown parses the Markdown that chapters may use.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table))

// page is a Markdown text that is being rendered.
type page struct{ source []byte }

// Text renders Markdown as lines.
func Text(source string) string { return Item("", source) }

// Item renders Markdown after a marker. All further lines are indented by the marker's width.
func Item(marker, source string) string {
	p := page{[]byte(source)}
	tree := markdown.Parser().Parse(text.NewReader(p.source))
	return p.blocks(tree, marker, blank(marker))
}

// Phrase renders Markdown as one line.
func Phrase(source string) string {
	p := page{[]byte(source)}
	var words []string
	for n := range children(markdown.Parser().Parse(text.NewReader(p.source))) {
		words = append(words, strings.Fields(p.inline(n))...)
	}
	return strings.Join(words, " ")
}

// blank returns as many blanks as the marker has characters.
func blank(marker string) string { return strings.Repeat(" ", utf8.RuneCountInString(marker)) }

func children(n ast.Node) func(yield func(ast.Node) bool) {
	return func(yield func(ast.Node) bool) {
		for c := n.FirstChild(); c != nil && yield(c); c = c.NextSibling() {
		}
	}
}

// blocks renders the blocks within n. The first line begins with first, all others with rest.
func (p page) blocks(n ast.Node, first, rest string) string {
	var b strings.Builder
	for c := range children(n) {
		if b.Len() > 0 {
			b.WriteString("\n")
			if !tight(c) {
				b.WriteString(strings.TrimRight(rest, " ") + "\n")
			}
		}
		b.WriteString(p.block(c, first, rest))
		first = rest
	}
	return b.String()
}

// tight reports whether a block follows the previous one without an empty line.
func tight(n ast.Node) bool {
	switch above := n.Parent().(type) {
	case *ast.List:
		return above.IsTight
	case *ast.ListItem:
		list, ok := above.Parent().(*ast.List)
		return ok && list.IsTight
	}
	return false
}

func (p page) block(n ast.Node, first, rest string) string {
	switch n := n.(type) {
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		return code(string(n.Lines().Value(p.source)), first, rest)
	case *ast.List:
		return p.list(n, first, rest)
	case *ast.Blockquote:
		return p.blocks(n, first+"> ", rest+"> ")
	case *ast.ThematicBreak:
		return first + "* * *"
	case *extast.Table:
		return p.table(n, first, rest)
	}
	return fold(first, rest, p.inline(n))
}

// code indents a code block, and keeps its lines.
func code(text, first, rest string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			b.WriteString("\n")
			first = rest
		}
		b.WriteString(strings.TrimRight(first+"    "+line, " "))
	}
	return b.String()
}

func (p page) list(l *ast.List, first, rest string) string {
	var b strings.Builder
	number := l.Start
	for item := range children(l) {
		if b.Len() > 0 {
			b.WriteString("\n")
			if !l.IsTight {
				b.WriteString(strings.TrimRight(rest, " ") + "\n")
			}
			first = rest
		}
		marker := "* "
		if l.IsOrdered() {
			marker = fmt.Sprintf("%d. ", number)
			number++
		}
		b.WriteString(p.blocks(item, first+marker, rest+blank(marker)))
	}
	return b.String()
}

// table aligns the columns of a table.
func (p page) table(t *extast.Table, first, rest string) string {
	var rows [][]string
	var widths []int
	for r := range children(t) {
		var row []string
		for c := range children(r) {
			row = append(row, p.inline(c))
			if len(widths) < len(row) {
				widths = append(widths, 0)
			}
			i := len(row) - 1
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		rows = append(rows, row)
	}
	var lines []string
	for _, row := range rows {
		line := first
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+3)
		}
		lines, first = append(lines, strings.TrimRight(line, " ")), rest
	}
	return strings.Join(lines, "\n")
}

// inline returns the text within n on one line, except for the line breaks that the Markdown asks
// for.
func (p page) inline(n ast.Node) string {
	var b strings.Builder
	for c := range children(n) {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(unescaped(c.Segment.Value(p.source)))
			switch {
			case c.HardLineBreak():
				b.WriteString("\n")
			case c.SoftLineBreak():
				b.WriteString(" ")
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString(quoted(p.raw(c)))
		case *ast.AutoLink:
			b.Write(c.URL(p.source))
		case *ast.Link:
			b.WriteString(link(p.inline(c), string(c.Destination)))
		default:
			b.WriteString(p.inline(c))
		}
	}
	return b.String()
}

// raw returns the text of a piece of code.
func (p page) raw(n ast.Node) string {
	var b strings.Builder
	for c := range children(n) {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(p.source))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// wordy matches code that a reader could mistake for words of the sentence.
var wordy = regexp.MustCompile(`^[a-z]+$|\s`)

func quoted(code string) string {
	if wordy.MatchString(code) {
		return "“" + code + "”"
	}
	return code
}

// link adds the address of a link, except for an address on the site, which a terminal can't show.
func link(words, to string) string {
	if words == to || !strings.Contains(to, "://") {
		return words
	}
	return words + " <" + to + ">"
}

// unescaped resolves HTML entities and backslashes.
func unescaped(text []byte) []byte {
	if !bytes.ContainsAny(text, `\&`) {
		return text
	}
	return util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(text)))
}
