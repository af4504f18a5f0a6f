package markdown

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"threeloops/tutorials/book/exercise"
)

// Limits of what a reader takes in at once.
const (
	programLines  = 100 // of a chapter's program
	exerciseLines = 12  // by which the exercise differs from the sound program, on either side
)

// programs finds the chapter's programs, and returns what is wrong with them: each is there to be read whole.
func (c *Chapter) programs() (faults []error) {
	entries, err := os.ReadDir(c.root + "/" + c.Dir())
	if err != nil {
		return nil // a chapter without programs
	}
	for _, e := range entries {
		files, _ := filepath.Glob(c.root + "/" + c.Dir() + "/" + e.Name() + "/*.go")
		if !e.IsDir() || files == nil {
			continue
		}
		dir := c.Dir() + "/" + e.Name()
		c.Programs = append(c.Programs, dir)
		named := func(x *Experiment) bool { return x.Name == e.Name() }
		served := slices.Contains([]string{"server", "exercise", c.sound()}, e.Name())
		if !served && !slices.ContainsFunc(c.Experiments, named) {
			faults = append(faults,
				fmt.Errorf("%s/main.go:1: no block \"experiment %s\" runs this program", dir, e.Name()))
		}
		faults = append(faults, c.program(dir)...)
		for _, f := range files {
			if name := path.Base(f); name != "main.go" && !strings.HasSuffix(name, "_test.go") {
				faults = append(faults, fmt.Errorf("%s/%s:1: a chapter's program is one file, main.go", dir, name))
			}
		}
	}
	return append(faults, c.planted()...)
}

// program checks the file of one of them.
func (c *Chapter) program(dir string) []error {
	name := dir + "/main.go"
	text, err := os.ReadFile(c.root + "/" + name)
	if err != nil {
		return []error{fmt.Errorf("%s:1: this file is missing", name)}
	}
	var faults []error
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.PackageClauseOnly)
	if err != nil || f.Name.Name != "main" {
		faults = append(faults, fmt.Errorf("%s:1: a chapter's program is of package main", name))
	}
	if n := strings.Count(string(text), "\n"); n > programLines {
		faults = append(faults, fmt.Errorf("%s:%d: the program has %d lines, more than %d", name, programLines+1, n,
			programLines))
	}
	return faults
}

// sound is the folder of the program that the exercise is made from.
func (c *Chapter) sound() string {
	if c.Exercise == nil {
		return "server"
	}
	return c.Exercise.Sound
}

// planted checks that the exercise is the sound program with little changed: a reader looks for a bug, and not
// for what else is new.
func (c *Chapter) planted() []error {
	sound, err1 := os.ReadFile(c.root + "/" + c.Dir() + "/" + c.sound() + "/main.go")
	broken, err2 := os.ReadFile(c.root + "/" + c.Dir() + "/exercise/main.go")
	if err1 != nil || err2 != nil {
		return nil // package exercise says that one is missing
	}
	if n := max(exercise.Changed(string(sound), string(broken))); n > exerciseLines {
		return []error{fmt.Errorf("%s/exercise/main.go:1: it differs from the %s in %d lines, more than %d",
			c.Dir(), c.sound(), n, exerciseLines)}
	}
	return nil
}
