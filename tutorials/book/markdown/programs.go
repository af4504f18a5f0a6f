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

	"threeloops/tutorials/book/diff"
)

// These limits keep the programs readable.
const (
	programLines  = 190 // lines of a chapter's program; a step of a few lines leads to each of more than 100
	exerciseLines = 12  // lines in which the exercise may differ from the correct program, on either side
	missingLines  = 40  // the same for a program to complete
)

// programs finds the chapter's programs. It returns their faults: a reader must be able to read
// each as a whole.
func (c *Chapter) programs() (faults []error) {
	if !c.Numbered {
		return nil
	}
	entries, err := os.ReadDir(c.root + "/" + c.Dir())
	if err != nil {
		return nil // a chapter without programs
	}
	for _, folder := range []string{stepsFolder, publishedFolder} {
		inside, _ := os.ReadDir(c.root + "/" + c.Dir() + "/" + folder)
		for _, e := range inside {
			faults = append(faults, c.take(path.Join(c.Dir(), folder, e.Name()))...)
		}
	}
	for _, e := range entries {
		faults = append(faults, c.take(c.Dir()+"/"+e.Name())...)
	}
	return append(faults, c.planted()...)
}

// take adds the program in a folder, if there is one, and returns its faults.
func (c *Chapter) take(dir string) (faults []error) {
	files, _ := filepath.Glob(c.root + "/" + dir + "/*.go")
	if files == nil {
		return nil
	}
	for _, other := range c.Programs {
		if path.Base(other) == path.Base(dir) { // verify builds all programs of a chapter into one folder
			faults = append(faults, fmt.Errorf("%s/main.go:1: %s has the same name; give one of them another", dir, other))
		}
	}
	c.Programs = append(c.Programs, dir)
	run := func(x *Experiment) bool { return x.Dir == dir }
	shown := func(s *Step) bool { return s.Dir == dir }
	faulty := func(p *Published) bool { return p.Dir == dir }
	served := slices.Contains([]string{"server", "exercise", c.sound()}, strings.TrimPrefix(dir, c.Dir()+"/"))
	if !served && !slices.ContainsFunc(c.Experiments, run) && !slices.ContainsFunc(c.Steps, shown) &&
		!slices.ContainsFunc(c.Published, faulty) {
		faults = append(faults, fmt.Errorf("%s/main.go:1: no block \"experiment %s\" runs this program, and no block \"step\" or "+
			"\"fault\" shows it", dir, path.Base(dir)))
	}
	faults = append(faults, c.program(dir)...)
	for _, f := range files {
		if name := path.Base(f); name != "main.go" && !strings.HasSuffix(name, "_test.go") {
			faults = append(faults, fmt.Errorf("%s/%s:1: a chapter's program must be one file, main.go", dir, name))
		}
	}
	return faults
}

// program checks the file of a program.
func (c *Chapter) program(dir string) []error {
	name := dir + "/main.go"
	text, err := os.ReadFile(c.root + "/" + name)
	if err != nil {
		return []error{fmt.Errorf("%s:1: this file is missing", name)}
	}
	var faults []error
	f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.PackageClauseOnly)
	if err != nil || f.Name.Name != "main" {
		faults = append(faults, fmt.Errorf("%s:1: a chapter's program must be of package main", name))
	}
	if n := strings.Count(string(text), "\n"); n > programLines {
		faults = append(faults, fmt.Errorf("%s:%d: the program has %d lines, which is more than %d", name, programLines+1, n,
			programLines))
	}
	return faults
}

// sound returns the folder of the correct program, from which the exercise was made.
func (c *Chapter) sound() string {
	if c.Exercise == nil {
		return "server"
	}
	return c.Exercise.Sound
}

// planted checks that the exercise is the correct program with few changes. A reader should look
// for the bug, and not read new code.
func (c *Chapter) planted() []error {
	sound, err1 := os.ReadFile(c.root + "/" + c.Dir() + "/" + c.sound() + "/main.go")
	broken, err2 := os.ReadFile(c.root + "/" + c.Dir() + "/exercise/main.go")
	if err1 != nil || err2 != nil {
		return nil // package exercise reports that one is missing
	}
	most := exerciseLines
	if c.completes() {
		most = missingLines
	}
	if n := max(diff.Changed(string(sound), string(broken))); n > most {
		return []error{fmt.Errorf("%s/exercise/main.go:1: it differs from the %s in %d lines, which is more than %d",
			c.Dir(), c.sound(), n, most)}
	}
	return nil
}
