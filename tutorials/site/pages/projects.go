package pages

import (
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"strings"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/project"
)

// projectEntry is a project in the list of chapters.
type projectEntry struct {
	link
	Number int
	Hours  int // that it takes, rounded up
}

// program is a solution with its code.
type program struct {
	project.Solution
	ID   string // of its heading
	Code template.HTML
}

func projectURL(p *project.Project) string { return fmt.Sprintf("/chapters/project-%d.html", p.Number) }

func projectLink(p *project.Project) *link {
	return &link{projectURL(p), fmt.Sprintf("Project %d: %s", p.Number, p.Title)}
}

// projectAfter returns the project that a reader can do after a chapter, or nil.
func (s *site) projectAfter(c *markdown.Chapter) *projectEntry {
	for _, p := range s.projects {
		if c.Numbered && p.After == c.Number {
			return &projectEntry{*projectLink(p), p.Number, (s.minutes(p) + 59) / 60}
		}
	}
	return nil
}

// minutes returns how long a project takes, or 0 if its specification doesn't say so.
func (s *site) minutes(p *project.Project) int {
	c, _ := markdown.Parse(s.root, p.Path) // writeProjects reports errors
	if c == nil {
		return 0
	}
	return c.Minutes
}

// leadToProjects puts a project between its chapter and the next one.
func (s *site) leadToProjects(c *markdown.Chapter, to *page) {
	for _, p := range s.projects {
		switch {
		case c.Numbered && c.Number == p.After:
			to.Next = projectLink(p)
		case s.next(p) == c:
			to.Prev = projectLink(p)
		}
	}
}

// next returns the chapter or page that follows a project, or nil.
func (s *site) next(p *project.Project) *markdown.Chapter {
	all := append(s.book.Chapters[:len(s.book.Chapters):len(s.book.Chapters)], s.book.Pages...)
	for i, c := range all {
		if c.Numbered && c.Number == p.After && i+1 < len(all) {
			return all[i+1]
		}
	}
	return nil
}

// writeProjects writes a page for each specification, and one that compares our solutions.
func (s *site) writeProjects() error {
	for _, p := range s.projects {
		c, err := markdown.Parse(s.root, p.Path)
		if err != nil {
			return err
		}
		body, err := c.HTML(s.code)
		if err != nil {
			return err
		}
		to := page{URL: projectURL(p), Title: projectLink(p).Title, Kind: "chapter", Minutes: c.Minutes}
		for _, chapter := range s.book.Chapters {
			if chapter.Number == p.After {
				to.Prev = &link{urlOf(chapter), title(chapter)}
			}
		}
		if next := s.next(p); next != nil {
			to.Next = &link{urlOf(next), title(next)}
		}
		for _, section := range c.Sections {
			if section.Level == 2 {
				to.Contents = append(to.Contents, section)
			}
		}
		if err := s.write(to, "chapter.html", s.ports.replace(body)); err != nil {
			return err
		}
		if err := s.solutions(p); err != nil {
			return err
		}
	}
	return nil
}

// solutions writes the page that compares the solutions of a project. It is closed at first.
func (s *site) solutions(p *project.Project) error {
	c, err := markdown.Parse(s.root, p.ComparisonPath())
	if err != nil {
		return err
	}
	data := struct {
		Project    *link
		Comparison template.HTML
		Programs   []program
	}{Project: projectLink(p)}
	if data.Comparison, err = c.HTML(s.code); err != nil {
		return err
	}
	all, err := p.Solutions()
	if err != nil {
		return err
	}
	for _, solution := range all {
		text, err := os.ReadFile(filepath.Join(s.root, solution.Path))
		if err != nil {
			return err
		}
		code, err := markdown.Code(strings.TrimPrefix(path.Ext(solution.Path), "."), string(text))
		if err != nil {
			return err
		}
		data.Programs = append(data.Programs, program{solution, "program-" + solution.Name, code})
	}
	to := page{URL: "/chapters/" + c.Name + ".html", Title: c.Title, Kind: "chapter", Prev: data.Project}
	return s.write(to, "solutions.html", data)
}
