package progress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// numbering says which numbers the chapters have. A file without it has those of an earlier version
// of the course, in which the chapters 3 and 4 were one chapter, 3, and the later chapters had the
// numbers 4 to 8.
//
// The pages' script renumber.js does the same for what a browser keeps.
const numbering = 2

// moved are the predictions and experiments that were in the old chapter 3 and are now in chapter 4.
var moved = []string{"cost", "emfile", "flags", "zombies"}

// renumber gives a state the numbers that the chapters have now. Nothing is lost: a reader who has
// finished the old chapter 3 has read what is now in the chapters 3 and 4. The exercise of the old
// chapter 3 is still that of chapter 3.
func (s *State) renumber() error {
	switch s.Numbering {
	case numbering:
		return nil
	case 0:
	default:
		return fmt.Errorf("its chapters have the numbering %d, which is newer than this program", s.Numbering)
	}
	s.Numbering = numbering
	s.Predictions, s.Runs = renamed(s.Predictions), renamed(s.Runs)
	s.Hints, s.Exercises = shifted(s.Hints), shifted(s.Exercises)
	s.Finished, s.Places = shifted(s.Finished), shifted(s.Places)
	if s.Finished[3] {
		s.Finished[4] = true
	}
	if s.Last != nil {
		last := later(*s.Last)
		s.Last = &last
	}
	return nil
}

// later returns the number that an old chapter has now.
func later(chapter int) int {
	if chapter >= 4 {
		return chapter + 1
	}
	return chapter
}

// shifted returns a map by chapter with the numbers of today.
func shifted[V any](old map[int]V) map[int]V {
	if old == nil {
		return nil
	}
	now := make(map[int]V)
	for chapter, v := range old {
		now[later(chapter)] = v
	}
	return now
}

// renamed returns a map by names like “4.departures” with the numbers of today.
func renamed[V any](old map[string]V) map[string]V {
	if old == nil {
		return nil
	}
	now := make(map[string]V)
	for name, v := range old {
		now[newName(name)] = v
	}
	return now
}

func newName(name string) string {
	digits, own, _ := strings.Cut(name, ".")
	chapter, err := strconv.Atoi(digits)
	switch {
	case err != nil:
		return name
	case chapter == 3 && slices.Contains(moved, own):
		return "4." + own
	}
	return fmt.Sprintf("%d.%s", later(chapter), own)
}
