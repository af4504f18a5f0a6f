package grade

import (
	"time"

	"threeloops/tutorials/tester"
)

// NotMade is the verdict of a check that wasn't made, because the program couldn't be run or its time
// was over.
const NotMade tester.Verdict = "not made"

// Outcome is what grading a program has shown.
type Outcome struct {
	Learner string  `json:"learner"`
	Program string  `json:"program"`           // the folder or the command
	Points  int     `json:"points"`            // checks that passed
	All     int     `json:"all"`               // checks
	Problem string  `json:"problem,omitempty"` // why not all checks were made
	Seconds float64 `json:"seconds"`
	Checks  []Check `json:"checks"`

	Unusable bool   `json:"-"` // there was nothing to run
	Report   string `json:"-"` // what the command test would print, or the first part of it
}

// Check is the outcome of a check.
type Check struct {
	Chapter int            `json:"chapter"`
	Kind    string         `json:"kind"`
	Check   string         `json:"check"`
	Verdict tester.Verdict `json:"verdict"`
	Why     string         `json:"why,omitempty"`
	Seconds float64        `json:"seconds"`
}

// begin returns the outcome of a program of which no check has been made.
func begin(p Program, selected []tester.Result) *Outcome {
	o := &Outcome{Learner: p.Learner, Program: p.Server, All: len(selected), Problem: p.Problem}
	o.Unusable = p.Problem != ""
	if o.Program == "" {
		o.Program = p.Dir
	}
	for _, r := range selected {
		o.Checks = append(o.Checks, Check{Chapter: r.Chapter, Kind: r.Kind, Check: r.Check, Verdict: NotMade})
	}
	return o
}

// add puts the outcome of a check into its place.
func (o *Outcome) add(made Check) {
	for i, c := range o.Checks {
		if c.Check == made.Check && c.Kind == made.Kind && c.Verdict == NotMade {
			o.Checks[i] = made
			if made.Verdict == tester.OK {
				o.Points++
			}
			return
		}
	}
}

// finish fills in what is known at the end.
func (o *Outcome) finish(took time.Duration) {
	o.Seconds = seconds(took)
	for i, c := range o.Checks {
		if c.Verdict == NotMade {
			o.Checks[i].Why = o.Problem
		}
	}
}

// seconds rounds to a hundredth.
func seconds(d time.Duration) float64 { return d.Round(10 * time.Millisecond).Seconds() }
