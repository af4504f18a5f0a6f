package standing

import (
	"slices"

	"threeloops/tutorials/learner/progress"
)

// Standing is where a reader stands in the course.
type Standing struct {
	Chapters []ChapterStanding `json:"chapters"`
	Projects []ProjectStanding `json:"projects"`
	Minutes  Minutes           `json:"minutes"` // of all chapters and projects
	Next     Next              `json:"next"`
}

// Minutes are how long something took other readers, divided into what is done and what is left.
type Minutes struct {
	Done int `json:"done"`
	Left int `json:"left"`
}

// ChapterStanding is what a reader has done in a chapter.
type ChapterStanding struct {
	Number      int               `json:"number"`
	Title       string            `json:"title"`
	URL         string            `json:"url"` // of its page, on the site
	Minutes     Minutes           `json:"minutes"`
	Begun       bool              `json:"begun"`    // something in it is done, or was read
	Finished    bool              `json:"finished"` // the reader says so
	Stopped     *Section          `json:"stopped"`  // where the reader stopped; nil if the site doesn't know it
	Predictions Predictions       `json:"predictions"`
	Experiments Experiments       `json:"experiments"`
	Exercise    *ExerciseStanding `json:"exercise"` // nil if the chapter has none
}

// Section is a heading of a chapter.
type Section struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// Predictions counts the predictions of a chapter.
type Predictions struct {
	All   int `json:"all"`
	Made  int `json:"made"`
	Right int `json:"right"`
}

// Experiments counts the experiments of a chapter.
type Experiments struct {
	All int `json:"all"`
	Run int `json:"run"`
}

// ExerciseStanding is what a reader has done about an exercise.
type ExerciseStanding struct {
	Started bool   `json:"started"`
	Dir     string `json:"dir,omitempty"` // of the reader's copy
	Hints   int    `json:"hints"`         // that the reader has seen
	Of      int    `json:"of"`            // all hints
	Solved  bool   `json:"solved"`        // a program has passed all checks
}

// ProjectStanding is what a reader has done about a project.
type ProjectStanding struct {
	Number  int     `json:"number"`
	Title   string  `json:"title"`
	URL     string  `json:"url"`
	Minutes Minutes `json:"minutes"`
	progress.Project
}

// Standing compares what there is to do with what a reader has done.
func (c Course) Standing(s progress.State) Standing {
	all := Standing{Chapters: []ChapterStanding{}, Projects: []ProjectStanding{}}
	for _, chapter := range c.Chapters {
		now := chapter.standing(s)
		all.Chapters = append(all.Chapters, now)
		all.Minutes.add(now.Minutes)
	}
	for _, p := range c.Projects {
		now := ProjectStanding{p.Number, p.Title, p.URL, Minutes{Left: p.Minutes}, s.Projects[p.Number]}
		if now.Done {
			now.Minutes = Minutes{Done: p.Minutes}
		}
		all.Projects = append(all.Projects, now)
		all.Minutes.add(now.Minutes)
	}
	all.Next = c.next(all, s.Last)
	return all
}

func (m *Minutes) add(more Minutes) {
	m.Done += more.Done
	m.Left += more.Left
}

func (c Chapter) standing(s progress.State) ChapterStanding {
	now := ChapterStanding{
		Number: c.Number, Title: c.Title, URL: c.URL, Finished: s.Finished[c.Number],
		Predictions: Predictions{All: len(c.Predictions)}, Experiments: Experiments{All: len(c.Experiments)},
	}
	place := s.Places[c.Number]
	if title, known := c.Sections[place]; known {
		now.Stopped = &Section{place, title}
	}
	for _, p := range c.Predictions {
		// A question whose choices have changed must be answered again.
		if choice, made := s.Predictions[p.Name]; made && slices.Contains(p.Choices, choice) {
			now.Predictions.Made++
			if choice == p.Right {
				now.Predictions.Right++
			}
		}
	}
	for _, name := range c.Experiments {
		if _, run := s.Runs[name]; run {
			now.Experiments.Run++
		}
	}
	if e := c.Exercise; e != nil {
		dir := s.Exercises[c.Number]
		now.Exercise = &ExerciseStanding{dir != "", dir, min(s.Hints[c.Number], e.Hints), e.Hints, s.Solved[c.Number]}
	}
	done, all := now.parts()
	now.Begun = now.Finished || place != "" || done > 0 || now.Exercise != nil && (now.Exercise.Started || now.Exercise.Hints > 0)
	now.Minutes = share(c.Minutes, done, all, now.Finished)
	return now
}

// parts counts the predictions, the experiments and the exercise.
func (s *ChapterStanding) parts() (done, all int) {
	done, all = s.Predictions.Made+s.Experiments.Run, s.Predictions.All+s.Experiments.All
	if s.Exercise != nil {
		all++
		if s.Exercise.Solved {
			done++
		}
	}
	return done, all
}

// share divides the minutes of a chapter.
func share(minutes, done, all int, finished bool) Minutes {
	n := 0
	switch {
	case finished:
		n = minutes
	case all > 0:
		n = minutes * done / all
	}
	return Minutes{Done: n, Left: minutes - n}
}
