package progress

import "maps"

// Work is how far a reader has come with the projects.
type Work struct {
	Projects map[int]Project `json:"projects,omitempty"`
}

// Project is what the tester has said about a reader's server.
type Project struct {
	Passed int  `json:"passed"`         // checks that passed the last time
	Checks int  `json:"checks"`         // that were made then
	Done   bool `json:"done,omitempty"` // all of them have passed once
}

// Projects returns what is known about the reader's projects, by number. The map belongs to the
// caller, and is never nil.
func (f *File) Projects() map[int]Project {
	all := make(map[int]Project)
	maps.Copy(all, f.now().Projects)
	return all
}

// Judged saves how many of a project's checks have passed. A project that was done once stays done.
func (f *File) Judged(number, passed, checks int) error {
	return f.change(func(s *State) {
		done := s.Projects[number].Done || checks > 0 && passed == checks
		put(&s.Projects, number, Project{passed, checks, done})
	})
}
