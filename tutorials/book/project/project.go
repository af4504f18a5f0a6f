package project

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Folder is the folder of the projects in the repository.
const Folder = "tutorials/projects"

// Project is a specification, and what belongs to it.
type Project struct {
	Number int
	After  int    // the chapter after which a reader can do it
	Kind   string // of server: line, http or room
	Path   string // of the specification, in the repository
	Title  string // without “Project 1: ”
	Checks []Check

	root string // of the repository
}

// Check is a row of the table in a specification.
type Check struct{ Name, Rule string }

// Solution is a program of ours that passes all checks of its project.
type Solution struct {
	Name  string // of its folder: goroutines, poll, asyncio
	Path  string // of its file, in the repository
	Lines int
}

// known are the projects, without what their specifications say.
var known = []Project{
	{Number: 1, After: 5, Kind: "line", Path: Folder + "/1-line-server/project.md"},
	{Number: 2, After: 9, Kind: "http", Path: Folder + "/2-page-server/project.md"},
	{Number: 3, After: 13, Kind: "room", Path: Folder + "/3-room-server/project.md"},
}

// sources are the files of the solutions, in the order in which the comparison lists them.
var sources = []string{"goroutines/main.go", "poll/server.c", "asyncio/server.py"}

var (
	titleLine = regexp.MustCompile(`(?m)^# Project (\d+): (.+)$`)
	checkLine = regexp.MustCompile("(?m)^\\| `([^`|]+)` \\| (.+) \\|$")
)

// Load reads the specifications in the repository at root, sorted by number.
func Load(root string) (all []*Project, err error) {
	for _, p := range known {
		p.root = root
		if err := p.read(); err != nil {
			return nil, err
		}
		all = append(all, &p)
	}
	return all, nil
}

// read fills in what the specification says.
func (p *Project) read() error {
	text, err := p.Specification()
	if err != nil {
		return err
	}
	title := titleLine.FindStringSubmatch(text)
	if title == nil || title[1] != strconv.Itoa(p.Number) {
		return fmt.Errorf("%s:1: the first line must be “# Project %d: ...”", p.Path, p.Number)
	}
	p.Title = title[2]
	for _, row := range checkLine.FindAllStringSubmatch(text, -1) {
		p.Checks = append(p.Checks, Check{row[1], row[2]})
	}
	if p.Checks == nil {
		return errors.New(p.Path + ": the table of checks is missing")
	}
	return nil
}

// Specification returns the text of the specification, in Markdown.
func (p *Project) Specification() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.root, p.Path))
	return string(text), err
}

// ComparisonPath is the path in the repository of the text that compares the solutions.
func (p *Project) ComparisonPath() string { return path.Join(path.Dir(p.Path), "solutions.md") }

// Comparison returns that text, in Markdown.
func (p *Project) Comparison() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.root, p.ComparisonPath()))
	return string(text), err
}

// Solutions returns our solutions.
func (p *Project) Solutions() (all []Solution, err error) {
	for _, name := range sources {
		file := path.Join(path.Dir(p.Path), "solutions", name)
		text, err := os.ReadFile(filepath.Join(p.root, file))
		if err != nil {
			return nil, err
		}
		all = append(all, Solution{path.Dir(name), file, strings.Count(string(text), "\n")})
	}
	return all, nil
}

// Names returns the names of the checks, in the order of the table.
func (p *Project) Names() (names []string) {
	for _, c := range p.Checks {
		names = append(names, c.Name)
	}
	return names
}

// Check returns the row of a check. It returns false if the check isn't one of this project.
func (p *Project) Check(name string) (Check, bool) {
	for _, c := range p.Checks {
		if c.Name == name {
			return c, true
		}
	}
	return Check{}, false
}
