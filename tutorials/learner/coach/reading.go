//go:build linux

package coach

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"threeloops/tutorials/book/experiment"
	"threeloops/tutorials/learner/progress"
)

// sectionID is the id of a chapter's section.
var sectionID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// pastRun is a run that a page shows again.
type pastRun struct {
	progress.Run
	SVG string `json:"svg"`
}

// reading says how far the reader has come.
func (c *Coach) reading(w http.ResponseWriter, _ *http.Request) {
	now := c.o.Progress.Reading()
	runs := make(map[string]pastRun)
	for _, e := range c.o.Experiments {
		run, ok := now.Runs[e.ID()]
		if !ok {
			continue
		}
		past := pastRun{Run: run}
		if e.Kind != "none" {
			if svg, err := c.chart(e, run.Output); err == nil { // a changed program may have had another table
				past.SVG = string(svg)
			}
		}
		runs[e.ID()] = past
	}
	answer(w, struct {
		Finished map[int]bool       `json:"finished"`
		Places   map[int]string     `json:"places"`
		Last     *int               `json:"last"`
		Runs     map[string]pastRun `json:"runs"`
	}{now.Finished, now.Places, now.Last, runs})
}

// standing says where the reader stands in the course.
func (c *Coach) standing(w http.ResponseWriter, _ *http.Request) {
	answer(w, c.o.Course.Standing(c.o.Progress.State()))
}

// noteReading notes where the reader is in a chapter, or whether it is finished.
func (c *Coach) noteReading(w http.ResponseWriter, r *http.Request) {
	var p struct {
		Chapter  *int
		Section  string
		Finished *bool
	}
	switch {
	case !read(w, r, &p):
	case p.Chapter == nil:
		http.Error(w, "a place needs the number of its chapter, like {\"chapter\":2,\"section\":\"predict\"}", http.StatusBadRequest)
	case !slices.Contains(c.o.Chapters, *p.Chapter):
		http.Error(w, fmt.Sprintf("there is no chapter %d", *p.Chapter), http.StatusBadRequest)
	case p.Finished != nil:
		kept(w, c.o.Progress.Finish(*p.Chapter, *p.Finished))
	case !sectionID.MatchString(p.Section):
		http.Error(w, "a section's id has up to 80 of the characters A-Z, a-z, 0-9, _ and -", http.StatusBadRequest)
	default:
		kept(w, c.o.Progress.Stop(*p.Chapter, p.Section))
	}
}

// remember keeps a run for the next visit. If it can't, the reader has seen the run, and may repeat it.
func (c *Coach) remember(e *experiment.Experiment, said string) {
	_ = c.o.Progress.Ran(e.ID(), said, time.Now())
}

// kept answers a request to keep something.
func kept(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, progress.ErrFull):
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
