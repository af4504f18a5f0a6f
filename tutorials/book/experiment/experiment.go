package experiment

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Kinds says how a table can be drawn: as bars, whose x are names; as lines; as lines over two
// logarithmic axes; or not at all.
var Kinds = []string{"bars", "lines", "log", "none"}

// Experiment is a program of a chapter.
type Experiment struct {
	Chapter int
	Name    string // unique in its chapter
	Dir     string // its package, in the repository
	Kind    string // one of Kinds
	About   string // what it runs, and what to look at
}

// ID returns a name that is unique in all chapters: 1.backlog.
func (e *Experiment) ID() string { return fmt.Sprintf("%d.%s", e.Chapter, e.Name) }

// Command returns what a reader types at the root of the repository.
func (e *Experiment) Command() string { return "go run ./" + e.Dir }

// File returns the path of our recorded run in the repository.
func (e *Experiment) File() string { return e.Dir + ".txt" }

// Run is the recorded output of an experiment.
type Run struct {
	Date, Machine, Command string // Date has the form of time.DateOnly
	Output                 string
}

// Recorded reads our run. The error is fs.ErrNotExist if there is none.
func (e *Experiment) Recorded(root string) (*Run, error) {
	text, err := os.ReadFile(root + "/" + e.File())
	if err != nil {
		return nil, err
	}
	r, err := ParseRun(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.File(), err)
	}
	return r, nil
}

// ParseRun parses a run in the form that String writes.
func ParseRun(text string) (*Run, error) {
	first, output, _ := strings.Cut(text, "\n")
	about, isComment := strings.CutPrefix(first, "# ")
	date, rest, hasDate := strings.Cut(about, ", ")
	i := strings.LastIndex(rest, ", ")
	if !isComment || !hasDate || i < 0 {
		return nil, fmt.Errorf("the first line must have the form \"# DATE, MACHINE, COMMAND\", not %q", first)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fmt.Errorf("the first line must begin with a date of the form 2026-11-22, not %q", date)
	}
	return &Run{Date: date, Machine: rest[:i], Command: rest[i+2:], Output: output}, nil
}

// String returns the run as its file holds it: a comment, and then the output.
func (r *Run) String() string {
	return fmt.Sprintf("# %s, %s, %s\n%s\n", r.Date, r.Machine, r.Command, strings.TrimRight(r.Output, "\n"))
}

// Table returns the table in the output.
func (r *Run) Table() (*Table, error) { return Parse(r.Output) }
