package standing

import (
	"fmt"

	"threeloops/tutorials/book/markdown"
	"threeloops/tutorials/book/project"
)

// Course is what there is to do.
type Course struct {
	Program  string    // how the reader runs the course's program
	Chapters []Chapter // sorted by number
	Projects []Project // sorted by number
}

// Chapter is what there is to do in a chapter.
type Chapter struct {
	Number      int
	Title, URL  string
	Minutes     int               // that readers needed
	Sections    map[string]string // titles by id
	Predictions []Prediction
	Experiments []string // names like 1.backlog
	Exercise    *Exercise
}

// Prediction is a question with its choices.
type Prediction struct {
	Name    string // like 1.backlog
	Choices []string
	Right   string
}

// Exercise is a program that the reader corrects or completes.
type Exercise struct {
	Hints int
	Place string // a directory for the copy, as typed in a shell
}

// Project is a server that the reader writes.
type Project struct {
	Number     int
	Title, URL string
	After      int // the chapter after which the reader can write it
	Minutes    int
}

// Of returns the course of the repository at root, which has that book. It ignores faults in projects,
// because verify and the site report them.
func Of(root string, book *markdown.Book) Course {
	c := Course{Program: "go run ./tutorials"}
	for _, from := range book.Chapters {
		to := Chapter{
			Number: from.Number, Title: from.Title, URL: "/chapters/" + from.Name + ".html", Minutes: from.Minutes,
			Sections: make(map[string]string),
		}
		for _, s := range from.Sections {
			to.Sections[s.ID] = s.Title
		}
		for _, p := range from.Predictions {
			to.Predictions = append(to.Predictions, Prediction{p.ID(), p.Choices, p.Choices[p.Right]})
		}
		for _, e := range from.Experiments {
			to.Experiments = append(to.Experiments, e.ID())
		}
		if e := from.Exercise; e != nil {
			to.Exercise = &Exercise{len(e.Hints), e.Place()}
		}
		c.Chapters = append(c.Chapters, to)
	}
	c.Projects = projects(root)
	return c
}

func projects(root string) (all []Project) {
	found, _ := project.Load(root)
	for _, p := range found {
		to := Project{Number: p.Number, Title: p.Title, URL: fmt.Sprintf("/chapters/project-%d.html", p.Number), After: p.After}
		if text, _ := markdown.Parse(root, p.Path); text != nil {
			to.Minutes = text.Minutes
		}
		all = append(all, to)
	}
	return all
}
