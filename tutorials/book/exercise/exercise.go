package exercise

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
)

// Exercise is a chapter's planted bug, and what is said of it.
type Exercise struct {
	Number int
	Name   string // of the chapter: 02-bytes
	Dir    string // the chapter's folder: root, as Load was given it, and the place below it
	Path   string // of exercise.md, in the repository

	Title string
	Sound string   // the folder of the sound program, below Dir
	Kind  string   // line, http or ws
	Red   []string // the checks that fail; those that build on them are left out

	Symptom, Explanation string // Markdown
	Hints                []string
}

// Place is where a reader is told to have the copy, as a shell understands it: ~/exercise-02.
func (e *Exercise) Place() string { return fmt.Sprintf("~/exercise-%02d", e.Number) }

var numbered = regexp.MustCompile(`^(\d\d)-.`)

// Load reads the exercises of the chapters in a folder of the repository at root, by their numbers. What
// is wrong in them are the lines of the error, each with its place; an exercise with a fault isn't returned.
func Load(root, folder string) ([]*Exercise, error) {
	entries, err := os.ReadDir(root + "/" + folder)
	if err != nil {
		return nil, err
	}
	var all []*Exercise
	var faults []error
	for _, entry := range entries {
		m := numbered.FindStringSubmatch(entry.Name())
		if m == nil || !entry.IsDir() {
			continue
		}
		e := &Exercise{Name: entry.Name(), Path: folder + "/" + entry.Name() + "/exercise.md"}
		e.Dir = root + "/" + folder + "/" + e.Name
		e.Number, _ = strconv.Atoi(m[1])
		text, err := os.ReadFile(root + "/" + e.Path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue // a chapter that has programs, and no exercise
		case err == nil:
			err = errors.Join(e.parse(string(text)), e.complete())
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if n := len(all); n > 0 && all[n-1].Number == e.Number {
			faults = append(faults, fmt.Errorf("%s:1: %s has an exercise of the same number", e.Path, all[n-1].Path))
			continue
		}
		all = append(all, e)
	}
	return all, errors.Join(faults...)
}

// complete checks that both programs are there.
func (e *Exercise) complete() error {
	var faults []error
	for _, program := range []string{e.Sound, "exercise"} {
		if info, err := os.Stat(e.Dir + "/" + program + "/main.go"); err != nil || !info.Mode().IsRegular() {
			faults = append(faults, fmt.Errorf("%s:1: there is no %s/main.go beside it", e.Path, program))
		}
	}
	return errors.Join(faults...)
}
