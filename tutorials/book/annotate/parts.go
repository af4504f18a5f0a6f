package annotate

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/token"
	"html/template"
	"regexp"
	"strconv"
	"strings"
)

// Part is a piece of a file: a declaration, or the lines around declarations, with the comment
// above it.
type Part struct {
	Name        string // of the declaration, like settle or loop.settle; "" if there is none
	ID          string // unique in the file; "" if Name is
	Prose       template.HTML
	First, Last int // lines of code; there are none if Last is smaller

	comment *ast.CommentGroup
}

// DeclID returns a declaration's id on the page of its file. No other id of a page has this prefix.
func DeclID(name string) string { return "go-" + name }

// span is the range of lines of a comment or a declaration.
type span struct {
	first, last int
	name        string
	prose       *ast.CommentGroup
}

// Parts divides f into parts. A part begins at every declaration, and at every comment at the
// beginning of a line, except directives.
func (c *Code) Parts(f *File) []Part {
	spans := c.spans(f)
	parts := []Part{{First: 1}}
	used := make(map[string]int)
	for i, s := range spans {
		p := &parts[len(parts)-1]
		joined := s.prose == nil && i > 0 && spans[i-1].prose != nil && spans[i-1].last == s.first-1
		if !joined {
			p.Last = s.first - 1
			parts = append(parts, Part{First: s.first})
			p = &parts[len(parts)-1]
		}
		if s.prose != nil {
			p.comment, p.First = s.prose, s.last+1
			continue
		}
		p.Name, p.ID = s.name, DeclID(s.name)
		if used[s.name]++; used[s.name] > 1 {
			p.ID += "-" + strconv.Itoa(used[s.name])
		}
	}
	for i := range parts {
		parts[i].Prose = c.prose(f, &parts[i])
	}
	parts[len(parts)-1].Last = f.LineCount()
	return trim(f, parts)
}

// Anchor returns the id of the first declaration that has one of these lines. If none has, it
// returns the id of the file's first line.
func (c *Code) Anchor(f *File, first, last int) string {
	for _, p := range c.Parts(f) {
		if p.ID != "" && p.First <= last && first <= p.Last {
			return p.ID
		}
	}
	return "L1"
}

// Summary returns the name of the first declaration that has one of these lines, and the first sentence
// of its comment. Both are empty if there is none.
func (c *Code) Summary(f *File, first, last int) (name, sentence string) {
	for _, p := range c.Parts(f) {
		if p.ID == "" || p.First > last || first > p.Last {
			continue
		}
		if p.comment != nil {
			sentence = new(doc.Package).Synopsis(p.comment.Text())
		}
		return p.Name, sentence
	}
	return "", ""
}

// spans lists the comments and declarations of f from top to bottom.
func (c *Code) spans(f *File) []span {
	var all []span
	line := func(p token.Pos) int { return f.tok.Line(p) }
	groups := f.syntax.Comments
	take := func(before token.Pos) {
		for len(groups) > 0 && groups[0].Pos() < before {
			g := groups[0]
			groups = groups[1:]
			if c.set.Position(g.Pos()).Column == 1 && !directive(g) {
				all = append(all, span{first: line(g.Pos()), last: line(g.End() - 1), prose: g})
			}
		}
	}
	take(f.syntax.Package)
	for _, d := range f.syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			continue
		}
		take(start(d))
		for len(groups) > 0 && groups[0].Pos() < d.End() {
			groups = groups[1:]
		}
		all = append(all, span{first: line(start(d)), last: line(d.End()), name: DeclName(d)})
	}
	take(f.syntax.FileEnd)
	return all
}

// start returns where a declaration begins, without its doc comment.
func start(d ast.Decl) token.Pos {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Type.Func
	case *ast.GenDecl:
		return d.TokPos
	}
	return d.Pos()
}

func directive(g *ast.CommentGroup) bool { return strings.TrimSpace(g.Text()) == "" }

// DeclName returns a declaration's name: Type.Method for a method, and the first name of a group of
// constants or variables.
func DeclName(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		t := d.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if index, ok := t.(*ast.IndexExpr); ok {
			t = index.X
		}
		if id, ok := t.(*ast.Ident); ok {
			return id.Name + "." + d.Name.Name
		}
		return d.Name.Name
	case *ast.GenDecl:
		switch spec := d.Specs[0].(type) {
		case *ast.TypeSpec:
			return spec.Name.Name
		case *ast.ValueSpec:
			return spec.Names[0].Name
		}
	}
	return ""
}

// trim removes blank lines at the ends of parts, and parts without lines.
func trim(f *File, parts []Part) []Part {
	lines := strings.Split(string(f.Text), "\n")
	var kept []Part
	for _, p := range parts {
		for p.First <= p.Last && strings.TrimSpace(lines[p.First-1]) == "" {
			p.First++
		}
		for p.First <= p.Last && strings.TrimSpace(lines[p.Last-1]) == "" {
			p.Last--
		}
		if p.First <= p.Last || p.Prose != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

// example matches an http address in a comment, which go/doc/comment makes a link. Such an address
// is an example, and not a page to visit; pages are named with https.
var example = regexp.MustCompile(`<a href="http:[^"]*">([^<]*)</a>`)

// prose renders a part's comment like Go's documentation: paragraphs, lists, headings, indented
// blocks, and links to [Names].
func (c *Code) prose(f *File, p *Part) template.HTML {
	if p.comment == nil {
		return ""
	}
	level := 3
	if p.Name == "" {
		level = 2
	}
	parser := comment.Parser{
		LookupPackage: func(name string) (string, bool) {
			for _, i := range f.syntax.Imports {
				path, _ := strconv.Unquote(i.Path.Value)
				if path == name || strings.HasSuffix(path, "/"+name) {
					return path, true
				}
			}
			return "", false
		},
		LookupSym: func(recv, name string) bool { return c.declared(f.Package, recv, name) != "" },
	}
	printer := comment.Printer{
		HeadingLevel: level,
		HeadingID:    func(*comment.Heading) string { return "" },
		DocLinkURL: func(l *comment.DocLink) string {
			for _, p := range c.Packages {
				if p.Path == l.ImportPath || l.ImportPath == "" && p == f.Package {
					if to := c.declared(p, l.Recv, l.Name); to != "" {
						return to
					}
					return c.packageTarget(p.Path)
				}
			}
			return l.DefaultURL("https://pkg.go.dev")
		},
	}
	text := printer.HTML(parser.Parse(p.comment.Text()))
	text = bytes.ReplaceAll(text, []byte("<pre>"), []byte(`<pre tabindex="0">`)) // the keyboard can then scroll it
	return template.HTML(example.ReplaceAll(text, []byte("$1")))
}

// declared returns the address of a declaration of p.
func (c *Code) declared(p *Package, recv, name string) string {
	if recv != "" {
		name = recv + "." + name
	}
	for _, f := range p.Files {
		for _, d := range f.syntax.Decls {
			if DeclName(d) == name {
				return PageOf(f.Path) + "#" + DeclID(name)
			}
		}
	}
	return ""
}

// Synopsis returns the first sentence of a package's comment, and the file that has the comment, or
// nil.
func (c *Code) Synopsis(p *Package) (sentence string, in *File) {
	for _, f := range p.Files {
		if f.syntax.Doc != nil && !f.Test() {
			return new(doc.Package).Synopsis(f.syntax.Doc.Text()), f
		}
	}
	return "", nil
}

// Test reports whether f is compiled only for tests.
func (f *File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// LineCount returns the number of lines of f.
func (f *File) LineCount() int { return bytes.Count(f.Text, []byte("\n")) }
