package experiment

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Kinds are how the table of an experiment is drawn: as bars, whose x are names; as lines; as lines over
// logarithmic axes, both; not at all.
var Kinds = []string{"bars", "lines", "log", "none"}

// Experiment is a program of a chapter.
type Experiment struct {
	Chapter int
	Name    string // unique in its chapter
	Dir     string // its package, in the repository
	Kind    string // one of Kinds
	About   string // what is run and what to look at
}

// ID tells the experiment from those of other chapters: 1.backlog.
func (e *Experiment) ID() string { return fmt.Sprintf("%d.%s", e.Chapter, e.Name) }

// Command is what a reader types, at the root of the repository.
func (e *Experiment) Command() string { return "go run ./" + e.Dir }

// File is where our run is kept, in the repository.
func (e *Experiment) File() string { return e.Dir + ".txt" }

// Run is what an experiment once printed.
type Run struct {
	Date, Machine, Command string // Date as time.DateOnly has it
	Output                 string
}

// Recorded reads our run. The error is fs.ErrNotExist if there is none yet.
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

// ParseRun reads a run as String writes it.
func ParseRun(text string) (*Run, error) {
	first, output, _ := strings.Cut(text, "\n")
	about, isComment := strings.CutPrefix(first, "# ")
	date, rest, hasDate := strings.Cut(about, ", ")
	i := strings.LastIndex(rest, ", ")
	if !isComment || !hasDate || i < 0 {
		return nil, fmt.Errorf("the first line is not of the form \"# DATE, MACHINE, COMMAND\": %q", first)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fmt.Errorf("the first line begins with a date of the form 2026-11-22, not %q", date)
	}
	return &Run{Date: date, Machine: rest[:i], Command: rest[i+2:], Output: output}, nil
}

// String returns the run as it is kept: a comment, then what was printed.
func (r *Run) String() string {
	return fmt.Sprintf("# %s, %s, %s\n%s\n", r.Date, r.Machine, r.Command, strings.TrimRight(r.Output, "\n"))
}

// Table is the table in what was printed.
func (r *Run) Table() (*Table, error) { return Parse(r.Output) }
