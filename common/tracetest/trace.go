package tracetest

import (
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Trace is a parsed trace. It can be played any number of times, also in parallel.
type Trace struct {
	Name   string        // the file's, without directory and ".trace"
	Title  string        // the rule that it proves
	Flags  []string      // of the server
	Waits  time.Duration // how long its wait steps take together
	Stalls bool          // the peer stops reading in it

	file  string
	steps []step
	sent  []byte
}

// Sent is all that the peer sends. A name in braces stands for a value that only a run knows.
func (tr *Trace) Sent() []byte { return tr.sent }

// step is one line, or the lines of one block or one response.
type step struct {
	line int
	run  func(*player) error
}

// Load parses all traces that match pattern.
func Load(fsys fs.FS, pattern string) ([]*Trace, error) {
	files, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	var all []*Trace
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		tr, err := Parse(file, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, tr)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no trace matches %s", pattern)
	}
	return all, nil
}

// Parse parses the text of a trace. file is for messages; errors begin with
// file and line and say what was expected there.
func Parse(file, text string) (*Trace, error) {
	name := strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".trace")
	p := &parser{tr: &Trace{Name: name, file: file}}
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.parseLine(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, p.line, err)
		}
	}
	p.endBlock()
	if len(p.tr.steps) == 0 {
		return nil, fmt.Errorf("%s:%d: want a step: a line with >, <, open, wait or stall", file, p.line)
	}
	return p.tr, nil
}
