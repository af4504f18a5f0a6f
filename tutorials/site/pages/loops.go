package pages

import (
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/book/markdown"
)

// view is a page on which three loops stand side by side.
type view struct {
	url, title, about string
	fork              string // the file of forkserv
	word              string // begins a paragraph of loops.md that is about that file
}

var views = []view{
	{"/source/loops.html", "The three loops side by side",
		"The third column is the loop of a child of forkserv, which has one connection.", "forkserv/child.go", "Child"},
	{"/source/loops-parent.html", "The loops beside forkserv's parent",
		"The third column is the loop of forkserv's parent, which accepts clients, starts children, " +
			"and never reads from a client.", "forkserv/parent.go", "Parent"},
}

// head is what stands above a column.
type head struct {
	Path, Server string
	Class        string // gives it the colour of the server
}

func heads(fork string) []head {
	return []head{{"pollserv/loop.go", "pollserv", "poll"}, {"epollserv/loop.go", "epollserv", "epoll"},
		{fork, "forkserv", "fork"}}
}

// comparison is a declaration of the loops, with what is to be said about it.
type comparison struct {
	annotate.Beside
	About []template.HTML // paragraphs
}

// said is a section of loops.md.
type said struct{ name, text string }

// readSaid reads loops.md, which says in which order the declarations stand, and what differs in each.
func readSaid() (all []said, err error) {
	text, err := fs.ReadFile(web, "web/loops.md")
	if err != nil {
		return nil, err
	}
	for section := range strings.SplitSeq("\n"+string(text), "\n## ") {
		if name, about, ok := strings.Cut(section, "\n"); ok && strings.TrimSpace(name) != "" {
			all = append(all, said{name, strings.TrimSpace(about)})
		}
	}
	return all, nil
}

// paragraphs returns what a section says on the page of v.
func (s said) paragraphs(v view) (all []template.HTML) {
	for p := range strings.SplitSeq(s.text, "\n\n") {
		for _, other := range views {
			rest, special := strings.CutPrefix(p, other.word+": ")
			switch {
			case special && other.word != v.word:
				p = ""
			case special:
				p = rest
			}
		}
		if p != "" {
			all = append(all, markdown.Sentence(p))
		}
	}
	return all
}

// loops writes the views of the loops side by side.
func (s *site) loops() error {
	for i, v := range views {
		other := views[1-i]
		rows, alone, err := s.compare(v)
		if err != nil {
			return err
		}
		data := struct {
			About string
			Other link
			Heads []head
			Rows  []comparison
			Alone []annotate.Beside
		}{v.about, link{other.url, other.title}, heads(v.fork), rows, alone}
		p := page{URL: v.url, Title: v.title, Kind: "loops"}
		for _, row := range rows {
			p.Contents = append(p.Contents, markdown.Section{Title: row.Name, ID: annotate.DeclID(row.Name), Level: 2})
		}
		if err := s.write(p, "loops.html", data); err != nil {
			return err
		}
	}
	return nil
}

// compare returns the declarations of a view that loops.md is about, in its order, and the others, which
// stand in one file alone.
func (s *site) compare(v view) (rows []comparison, alone []annotate.Beside, err error) {
	var files []*annotate.File
	for _, h := range heads(v.fork) {
		f := s.code.File(h.Path)
		if f == nil {
			return nil, nil, fmt.Errorf("there is no file %s to be laid beside the others", h.Path)
		}
		files = append(files, f)
	}
	all, err := readSaid()
	if err != nil {
		return nil, nil, err
	}
	byName := make(map[string]annotate.Beside)
	order := s.code.Compare(files...)
	for _, b := range order {
		byName[b.Name] = b
	}
	for _, about := range all {
		if b, ok := byName[about.name]; ok {
			rows = append(rows, comparison{b, about.paragraphs(v)})
			delete(byName, about.name)
		}
	}
	for _, b := range order {
		if _, left := byName[b.Name]; left {
			alone = append(alone, b)
		}
	}
	return rows, alone, nil
}
