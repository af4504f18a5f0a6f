package exercise

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
)

// Exercise is a chapter's planted bug, or its program to complete, and the text about it.
type Exercise struct {
	Number int
	Name   string // of the chapter: 02-bytes
	Dir    string // the chapter's folder; it begins with the root that Load was given
	Path   string // of exercise.md, in the repository

	Title    string
	Complete bool     // a part of the program is missing; there is no bug
	Sound    string   // the folder of the correct program, below Dir
	Kind     string   // line, http, ws or room
	Red      []string // the checks that fail, without those that are then left out

	Symptom     string // Markdown; for a program to complete, what is missing
	Explanation string // Markdown
	Hints       []string
}

// Answer says, in the middle of a sentence, what the explanation is about.
func (e *Exercise) Answer() string {
	if e.Complete {
		return "how our program works"
	}
	return "what was wrong"
}

// Place returns the directory that a reader should copy to, as typed in a shell: ~/exercise-02.
func (e *Exercise) Place() string { return fmt.Sprintf("~/exercise-%02d", e.Number) }

var numbered = regexp.MustCompile(`^(\d\d)-.`)

// Load reads the exercises of the chapters in a folder of the repository at root, and sorts them by
// number. Each line of the error is a fault with its place. Load doesn't return exercises with a
// fault.
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
			continue // a chapter with programs, but without an exercise
		case err == nil:
			err = errors.Join(e.parse(string(text)), e.complete())
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if n := len(all); n > 0 && all[n-1].Number == e.Number {
			faults = append(faults, fmt.Errorf("%s:1: %s has an exercise with the same number", e.Path, all[n-1].Path))
			continue
		}
		all = append(all, e)
	}
	return all, errors.Join(faults...)
}

// complete checks that both programs exist.
func (e *Exercise) complete() error {
	var faults []error
	for _, program := range []string{e.Sound, "exercise"} {
		if info, err := os.Stat(e.Dir + "/" + program + "/main.go"); err != nil || !info.Mode().IsRegular() {
			faults = append(faults, fmt.Errorf("%s:1: %s/main.go is missing beside this file", e.Path, program))
		}
	}
	return errors.Join(faults...)
}
