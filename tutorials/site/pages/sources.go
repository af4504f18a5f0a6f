package pages

import (
	"errors"
	"fmt"
	"html"
	"html/template"
	"os"
	"regexp"
	"slices"
	"strings"

	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/book/markdown"
)

// part is a part of a file as it is shown.
type part struct {
	annotate.Part
	Code  template.HTML
	Loops *differs // nil: it isn't compared
}

// differs is what differs in this declaration of one of the loops, and the page that shows it.
type differs struct {
	About []template.HTML
	URL   string
}

// differsIn finds what loops.md says of a declaration of a file.
func differsIn(path, name string) (*differs, error) {
	all, err := readSaid()
	if err != nil {
		return nil, err
	}
	_, method, _ := strings.Cut(name, ".")
	for _, v := range views {
		for _, h := range heads(v.fork) {
			for _, s := range all {
				if h.Path == path && s.name == method {
					return &differs{s.paragraphs(v), v.url + "#" + annotate.DeclID(method)}, nil
				}
			}
		}
	}
	return nil, nil
}

// shelf is a package in the index.
type shelf struct {
	*annotate.Package
	Synopsis     string
	Files, Tests []*annotate.File
}

// sources writes a page for each file, and the index.
func (s *site) sources() error {
	drawing, order, err := s.house()
	if err != nil {
		return err
	}
	var shelves []shelf
	var files []*annotate.File
	for _, p := range order {
		sh := shelf{Package: p}
		sh.Synopsis, _ = s.code.Synopsis(p)
		for _, f := range p.Files {
			if f.Test() {
				sh.Tests = append(sh.Tests, f)
			} else {
				sh.Files = append(sh.Files, f)
			}
		}
		shelves = append(shelves, sh)
		files = append(append(files, sh.Files...), sh.Tests...)
	}
	for i := range files {
		if err := s.file(files, i); err != nil {
			return err
		}
	}
	data := struct {
		Drawing  template.HTML
		Packages []shelf
	}{drawing, shelves}
	return s.write(page{URL: "/source/", Title: "The source", Kind: "index"}, "sources.html", data)
}

// file writes the page of one file, between those of its neighbours.
func (s *site) file(files []*annotate.File, i int) error {
	f := files[i]
	p := page{URL: annotate.PageOf(f.Path), Title: f.Path, Kind: "source"}
	if i > 0 {
		p.Prev = &link{annotate.PageOf(files[i-1].Path), files[i-1].Path}
	}
	if i < len(files)-1 {
		p.Next = &link{annotate.PageOf(files[i+1].Path), files[i+1].Path}
	}
	data := struct {
		File  *annotate.File
		Parts []part
	}{File: f}
	for _, q := range s.code.Parts(f) {
		piece := part{Part: q}
		var err error
		if piece.Loops, err = differsIn(f.Path, q.Name); err != nil {
			return err
		}
		if q.First <= q.Last {
			piece.Code = s.code.Lines(f, q.First, q.Last, true)
		}
		if q.ID != "" {
			p.Contents = append(p.Contents, markdown.Section{Title: q.Name, ID: q.ID, Level: 2})
		}
		data.Parts = append(data.Parts, piece)
	}
	return s.write(p, "file.html", data)
}

var word = regexp.MustCompile(`[a-z][a-z0-9]*`)

// house returns the drawing in ARCHITECTURE.md with the packages' names as links, and the packages in the
// order in which they stand there; then the others.
func (s *site) house() (template.HTML, []*annotate.Package, error) {
	text, err := os.ReadFile(s.root + "/ARCHITECTURE.md")
	if err != nil {
		return "", nil, err
	}
	_, rest, _ := strings.Cut(string(text), "\n## The house\n")
	var drawing []string
	for l := range strings.Lines(rest) {
		line, drawn := strings.CutPrefix(l, "    ")
		if !drawn && drawing != nil {
			break
		}
		if drawn {
			drawing = append(drawing, line)
		}
	}
	if drawing == nil {
		return "", nil, errors.New("ARCHITECTURE.md has no drawing below \"The house\"")
	}
	var order []*annotate.Package
	var linked strings.Builder
	notes := strings.LastIndex(drawing[0], "   ") // beside the drawing, in whose first line all is ASCII
	for _, line := range drawing {
		runes := []rune(line)
		left := min(notes, len(runes))
		linked.WriteString(word.ReplaceAllStringFunc(string(runes[:left]), func(name string) string {
			for _, p := range s.code.Packages {
				if p.Dir == name || p.Dir == "common/"+name {
					order = append(order, p)
					return fmt.Sprintf(`<a href="#%s">%s</a>`, p.ID(), name)
				}
			}
			return name
		}))
		linked.WriteString(html.EscapeString(string(runes[left:])))
	}
	for _, p := range s.code.Packages {
		if !slices.Contains(order, p) {
			order = append(order, p)
		}
	}
	return template.HTML(linked.String()), order, nil
}
