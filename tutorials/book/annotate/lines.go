package annotate

import (
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"go/types"
	"html"
	"html/template"
	"strings"
)

// Lines returns the lines first to last of f as HTML for a pre element. Each line is a span of
// class l with its number in data-n. If ids is true, the span has an id, such as L12. Tokens have
// the class names of Pygments and chroma.
func (c *Code) Lines(f *File, first, last int, ids bool) template.HTML {
	var b strings.Builder
	for i, line := range c.marked(f)[first-1 : last] {
		n := first + i
		id := ""
		if ids {
			id = fmt.Sprintf(` id="L%d"`, n)
		}
		fmt.Fprintf(&b, "<span class=\"l\"%s data-n=\"%d\">%s\n</span>", id, n, line)
	}
	return template.HTML(b.String())
}

// Line returns line n of f as HTML without a span around it.
func (c *Code) Line(f *File, n int) template.HTML { return template.HTML(c.marked(f)[n-1]) }

// marked returns the lines of f as HTML.
func (c *Code) marked(f *File) []string {
	if f.html != nil {
		return f.html
	}
	var b strings.Builder
	var s scanner.Scanner
	// The file has been parsed, so it has no errors. The scanner adds a file to the set, so it gets
	// its own.
	set := token.NewFileSet()
	tok := set.AddFile(f.Path, -1, len(f.Text))
	s.Init(tok, f.Text, nil, scanner.ScanComments)
	done := 0
	for {
		pos, t, literal := s.Scan()
		if t == token.EOF {
			break
		}
		if t == token.SEMICOLON && literal != ";" {
			continue // a semicolon that the scanner inserts
		}
		at := tok.Offset(pos)
		if literal == "" {
			literal = t.String()
		}
		b.Write(f.Text[done:at])
		c.mark(&b, f, at, t, literal)
		done = at + len(literal)
	}
	b.Write(f.Text[done:])
	f.html = strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	return f.html
}

// mark writes a token.
func (c *Code) mark(b *strings.Builder, f *File, at int, t token.Token, literal string) {
	class, href := "", ""
	switch {
	case t == token.IDENT && f.idents[at] != nil:
		id := f.idents[at]
		class, href = c.identClass(id), c.target(id)
	case t == token.COMMENT:
		class = "c"
	case t.IsKeyword():
		class = "k"
	case t == token.STRING || t == token.CHAR:
		class = "s"
	case t.IsLiteral() && t != token.IDENT:
		class = "m"
	}
	if href != "" {
		fmt.Fprintf(b, `<a href="%s">%s</a>`, html.EscapeString(href), literal)
		return
	}
	for i, line := range strings.Split(html.EscapeString(literal), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		if class == "" || line == "" {
			b.WriteString(line)
			continue
		}
		fmt.Fprintf(b, `<span class="%s">%s</span>`, class, line)
	}
}

// identClass returns the class of an identifier: a function or type where it is defined, a
// predeclared name, or no class.
func (c *Code) identClass(id *ast.Ident) string {
	switch c.info.Defs[id].(type) {
	case *types.Func:
		return "nf"
	case *types.TypeName:
		return "nc"
	case nil:
		if used := c.info.Uses[id]; used != nil && used.Pkg() == nil {
			return "nb"
		}
	}
	return ""
}
