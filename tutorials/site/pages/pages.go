package pages

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"threeloops/common/simulation/gallery"
	"threeloops/tutorials/book/annotate"
	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/project"
	"threeloops/tutorials/site/lab"
)

//go:embed web
var web embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"page": annotate.PageOf,
	"base": filepath.Base,
	"id":   annotate.DeclID,

	"declared": func(id string) string { return strings.TrimPrefix(id, annotate.DeclID("")) },
}).ParseFS(web, "web/*.html"))

// patterns are the packages whose source is shown.
var patterns = []string{
	"./forkserv", "./pollserv", "./epollserv", "./common/...", "./" + markdown.Folder + "/...",
	"./tutorials/site/lab/mistakes",
}

// page is what every page has.
type page struct {
	URL        string
	Title      string
	Kind       string // of page: the class of its body
	Numbered   bool   // it is a chapter
	Number     int    // of the chapter
	Minutes    int    // that the chapter takes
	Contents   []markdown.Section
	Prev, Next *link
	Main       template.HTML
	Ports      ports // of the servers; write fills it in
}

type link struct{ URL, Title string }

// site is what is being written.
type site struct {
	dir   string
	root  string
	ports ports
	code  *annotate.Code
	book  *markdown.Book

	projects []*project.Project
}

// Write writes the site of the repository at root into the directory dir, which exists. addrs are where
// forkserv, pollserv and epollserv listen, for the commands on the pages. What is wrong in chapters is
// given to warn, and stands in its place on their pages: a reader who tries out a change to the code
// still has a site.
func Write(dir, root string, addrs []string, warn func(error)) error {
	ports, err := portsOf(addrs)
	if err != nil {
		return err
	}
	book, err := markdown.Load(root, markdown.Folder)
	switch {
	case book == nil:
		return err
	case err != nil:
		warn(err)
	}
	code, err := annotate.Load(root, patterns...)
	if err != nil {
		return err
	}
	projects, err := project.Load(root)
	if err != nil {
		return err
	}
	s := &site{dir, root, ports, code, book, projects}
	for _, write := range []func() error{
		s.static, s.phases, s.chapters, s.writeProjects, s.glossary, s.sources, s.loops, s.lab, s.codec,
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// static copies what no page is made of.
func (s *site) static() error {
	for _, pattern := range []string{"web/*.css", "web/*.js"} {
		names, err := fs.Glob(web, pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := fs.ReadFile(web, name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(s.dir, path.Base(name)), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// write renders a page: the template called name, with data, inside the frame.
func (s *site) write(p page, name string, data any) error {
	var main, whole bytes.Buffer
	if err := templates.ExecuteTemplate(&main, name, data); err != nil {
		return err
	}
	p.Main, p.Ports = template.HTML(main.String()), s.ports
	if err := templates.ExecuteTemplate(&whole, "frame.html", p); err != nil {
		return err
	}
	file := filepath.Join(s.dir, filepath.FromSlash(p.URL))
	if strings.HasSuffix(p.URL, "/") {
		file = filepath.Join(file, "index.html")
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, whole.Bytes(), 0o644)
}

// chapters writes the chapters and pages, each between its neighbours, and their index.
func (s *site) chapters() error {
	all := append(s.book.Chapters[:len(s.book.Chapters):len(s.book.Chapters)], s.book.Pages...)
	to := func(i int) *link {
		if i < 0 || i >= len(all) {
			return nil
		}
		return &link{urlOf(all[i]), title(all[i])}
	}
	for i, c := range all {
		body, err := c.HTML(s.code)
		if err != nil {
			return err
		}
		p := page{URL: urlOf(c), Title: title(c), Kind: "chapter", Numbered: c.Numbered, Number: c.Number, Minutes: c.Minutes,
			Prev: to(i - 1), Next: to(i + 1)}
		s.leadToProjects(c, &p)
		for _, section := range c.Sections {
			if section.Level == 2 {
				p.Contents = append(p.Contents, section)
			}
		}
		if err := s.write(p, "chapter.html", s.ports.replace(body)); err != nil {
			return err
		}
	}
	return s.index()
}

// index writes the list of chapters and pages, and of what many believe.
func (s *site) index() error {
	type entry struct {
		link
		Number, Minutes int
		Question        string
		Project         *projectEntry // that follows the chapter, or nil
	}
	data := struct {
		Chapters       []entry
		Hours          int // that all take, rounded
		Pages          []link
		Misconceptions []markdown.Misconception
	}{Misconceptions: s.book.Misconceptions}
	minutes := 0
	for _, c := range s.book.Chapters {
		data.Chapters = append(data.Chapters, entry{link{urlOf(c), title(c)}, c.Number, c.Minutes, c.Question(),
			s.projectAfter(c)})
		minutes += c.Minutes
	}
	if err := s.course(); err != nil {
		return err
	}
	data.Hours = (minutes + 30) / 60
	for _, c := range s.book.Pages {
		data.Pages = append(data.Pages, link{urlOf(c), title(c)})
	}
	return s.write(page{URL: "/chapters/", Title: "Chapters", Kind: "index"}, "chapters.html", data)
}

// glossary writes the list of terms.
func (s *site) glossary() error {
	return s.write(page{URL: "/glossary.html", Title: "Glossary", Kind: "index"}, "glossary.html", s.book.Glossary)
}

// lab writes the laboratory, in which the three servers run in the browser. Readers without JavaScript
// get the questions and answers of the gallery.
func (s *site) lab() error {
	examples, err := lab.Gallery(s.root)
	if err != nil {
		return err
	}
	type topic struct {
		Title    string
		Examples []gallery.Example
	}
	var topics []topic
	for _, e := range examples {
		if title := strings.ToUpper(e.Topic[:1]) + e.Topic[1:]; len(topics) == 0 || topics[len(topics)-1].Title != title {
			topics = append(topics, topic{Title: title})
		}
		last := &topics[len(topics)-1]
		last.Examples = append(last.Examples, e)
	}
	return s.write(page{URL: "/lab.html", Title: "The laboratory", Kind: "lab"}, "lab.html", topics)
}

// course writes what pages need to lead a reader to a place in another chapter.
func (s *site) course() error {
	type chapter struct {
		Number   int               `json:"number"`
		URL      string            `json:"url"`
		Sections map[string]string `json:"sections"` // titles by id
	}
	var all []chapter
	for _, c := range s.book.Chapters {
		sections := make(map[string]string)
		for _, section := range c.Sections {
			sections[section.ID] = section.Title
		}
		all = append(all, chapter{c.Number, urlOf(c), sections})
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "course.json"), text, 0o644)
}

func urlOf(c *markdown.Chapter) string { return "/chapters/" + c.Name + ".html" }

func title(c *markdown.Chapter) string {
	if !c.Numbered {
		return c.Title
	}
	return fmt.Sprintf("%d. %s", c.Number, c.Title)
}
