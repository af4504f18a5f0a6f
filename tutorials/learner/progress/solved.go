package progress

// Project is what a reader has done about one of the course's projects.
type Project struct {
	Tried  bool `json:"tried,omitempty"`  // the checks have judged a server
	Passed bool `json:"passed,omitempty"` // a server has passed all checks
}

// Solved reports whether a program of the reader has passed all checks of a chapter's exercise.
func (f *File) Solved(chapter int) bool { return f.now().Solved[chapter] }

// Solve saves that a program of the reader has passed all checks of a chapter's exercise.
func (f *File) Solve(chapter int) error {
	return f.change(func(s *State) { put(&s.Solved, chapter, true) })
}

// Project returns what the reader has done about a project.
func (f *File) Project(number int) Project { return f.now().Projects[number] }

// Judge saves the result of the checks of a project. A project that was passed once stays passed.
func (f *File) Judge(number int, passed bool) error {
	return f.change(func(s *State) {
		put(&s.Projects, number, Project{Tried: true, Passed: passed || s.Projects[number].Passed})
	})
}
