package standing

import (
	"fmt"
	"slices"
	"strings"
)

// Next is what a reader should do next. If it has neither a command nor an address, everything is
// done.
type Next struct {
	What    string `json:"what"`              // a sentence
	Command string `json:"command,omitempty"` // to type
	URL     string `json:"url,omitempty"`     // on the site
}

// next chooses the chapter that the reader should go on with, or a project.
func (c Course) next(s Standing, last *int) Next {
	i := goOn(s.Chapters, last)
	if p := c.due(s, i); p != nil {
		what := fmt.Sprintf("Write your own server: project %d, “%s”.", p.Number, p.Title)
		return Next{What: what, Command: fmt.Sprintf("%s project %d", c.Program, p.Number), URL: p.URL}
	}
	if i < 0 {
		return Next{What: "You have finished the course."}
	}
	return c.inChapter(s.Chapters[i], c.Chapters[i])
}

// goOn returns the index of the chapter that the reader has read last. If that is finished, it
// returns the next chapter that isn't, and -1 if all are finished. The script reading.js has the same
// rule.
func goOn(all []ChapterStanding, last *int) int {
	unfinished := func(s ChapterStanding) bool { return !s.Finished }
	from := 0
	if last != nil {
		from = max(0, slices.IndexFunc(all, func(s ChapterStanding) bool { return s.Number == *last }))
	}
	if i := slices.IndexFunc(all[from:], unfinished); i >= 0 {
		return from + i
	}
	return slices.IndexFunc(all, unfinished)
}

// due returns a project that comes before the chapter with index i, and for which the reader knows
// enough. A reader who has already begun that chapter has passed over the project.
func (c Course) due(s Standing, i int) *Project {
	if i >= 0 && s.Chapters[i].Begun {
		return nil
	}
	for j, p := range c.Projects {
		comes := i < 0 || c.Chapters[i].Number > p.After
		if comes && !s.Projects[j].Done {
			return &p
		}
	}
	return nil
}

// inChapter says what to do in a chapter that isn't finished.
func (c Course) inChapter(s ChapterStanding, chapter Chapter) Next {
	name := fmt.Sprintf("chapter %d, “%s”", s.Number, s.Title)
	exercise := fmt.Sprintf("%s#exercise-%d", s.URL, s.Number)
	left := s.left()
	switch {
	case !s.Begun:
		return Next{What: "Read " + name + ".", URL: s.URL}
	case left != "" && s.Stopped != nil:
		return Next{
			What: fmt.Sprintf("Go on with %s, at “%s”. Still to do: %s.", name, s.Stopped.Title, left),
			URL:  s.URL + "#" + s.Stopped.ID,
		}
	case left != "":
		return Next{
			What:    fmt.Sprintf("Go on with %s. Still to do: %s.", name, left),
			Command: fmt.Sprintf("%s run %d", c.Program, s.Number), URL: s.URL,
		}
	case s.Exercise != nil && !s.Exercise.Solved && !s.Exercise.Started:
		return Next{
			What:    fmt.Sprintf("Start the exercise of %s.", name),
			Command: fmt.Sprintf("%s start %d %s", c.Program, s.Number, chapter.Exercise.Place), URL: exercise,
		}
	case s.Exercise != nil && !s.Exercise.Solved:
		return Next{
			What:    fmt.Sprintf("Go on with your copy of the exercise of %s, and test it. The copy is in %s.", name, s.Exercise.Dir),
			Command: fmt.Sprintf("%s test %d", c.Program, s.Number), URL: exercise,
		}
	}
	return Next{
		What:    fmt.Sprintf("You have done everything in %s. Say that you have finished it.", name),
		Command: fmt.Sprintf("%s progress -finish %d", c.Program, s.Number), URL: s.URL + "#finished",
	}
}

// left names the predictions and experiments of a chapter that aren't done, or returns "".
func (s *ChapterStanding) left() string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{{s.Predictions.All - s.Predictions.Made, "prediction"}, {s.Experiments.All - s.Experiments.Run, "experiment"}} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.name)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.name))
		}
	}
	return strings.Join(parts, " and ")
}
