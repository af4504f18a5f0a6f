package progress

// Solved reports whether a program of the reader has passed all checks of a chapter's exercise.
func (f *File) Solved(chapter int) bool { return f.now().Solved[chapter] }

// Solve saves that a program of the reader has passed all checks of a chapter's exercise.
func (f *File) Solve(chapter int) error {
	return f.change(func(s *State) { put(&s.Solved, chapter, true) })
}
