package progress

import (
	"maps"
	"time"
)

// MostOutput is how many bytes of a program's output are kept. Every program of the course prints less.
const MostOutput = 8 << 10

// Reading is how far a reader has come in the chapters.
type Reading struct {
	Finished map[int]bool   `json:"finished,omitempty"` // chapters
	Places   map[int]string `json:"places,omitempty"`   // by chapter: the id of the section that was read last
	Last     *int           `json:"last,omitempty"`     // the chapter that was read last; nil: none
	Runs     map[string]Run `json:"runs,omitempty"`     // by experiment, named like 1.backlog: the last run
}

// Run is a run of an experiment that succeeded.
type Run struct {
	Date   time.Time `json:"date"`
	Output string    `json:"output"`
}

// Reading returns how far the reader has come; the maps are the caller's.
func (f *File) Reading() Reading { return f.now().Reading.clone() }

func (r Reading) clone() Reading {
	if r.Last != nil {
		last := *r.Last
		r.Last = &last
	}
	return Reading{maps.Clone(r.Finished), maps.Clone(r.Places), r.Last, maps.Clone(r.Runs)}
}

// Finish notes whether the reader has finished a chapter.
func (f *File) Finish(chapter int, finished bool) error {
	return f.change(func(s *State) {
		if finished {
			put(&s.Finished, chapter, true)
		} else {
			delete(s.Finished, chapter)
		}
	})
}

// Stop notes the section in which the reader is.
func (f *File) Stop(chapter int, section string) error {
	return f.change(func(s *State) {
		put(&s.Places, chapter, section)
		s.Last = &chapter
	})
}

// Ran notes the output of an experiment. It forgets an output that is too long.
func (f *File) Ran(name, output string, date time.Time) error {
	return f.change(func(s *State) {
		if len(output) <= MostOutput {
			put(&s.Runs, name, Run{date.UTC().Truncate(time.Second), output})
		} else {
			delete(s.Runs, name)
		}
	})
}
