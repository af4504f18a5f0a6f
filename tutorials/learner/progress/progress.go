package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"threeloops/tutorials/atomicfile"
)

// These limits keep the file small. The course needs less than a tenth of it.
const (
	MostText   = 1000      // bytes of a choice
	mostName   = 80        // bytes of a prediction's name
	mostPath   = 4096      // bytes of a directory's name; Linux has the same limit
	mostOfKind = 500       // predictions; also chapters with hints, and chapters with an exercise
	mostBytes  = 256 << 10 // of the file
)

// ErrFull is the error of a change that would exceed a limit of the file.
var ErrFull = errors.New("your progress file has no room for this")

// File is a reader's progress file. Goroutines may share a File, and processes may share the file
// itself: each sees at its next call what another has written. If the file was damaged in the
// meantime, a query gets the answer that it would have got before, and the next change returns an
// error.
type File struct {
	path string

	mu   sync.Mutex
	last State // what the file held when it could last be read; nobody changes its maps
}

// State is the content of the file.
type State struct {
	Numbering   int               `json:"numbering"`             // which numbers the chapters have
	Predictions map[string]string `json:"predictions,omitempty"` // choices by names like 1.backlog
	Hints       map[int]int       `json:"hints,omitempty"`       // by chapter: how many were shown
	Exercises   map[int]string    `json:"exercises,omitempty"`   // by chapter: the directory of the copy
	Solved      map[int]bool      `json:"solved,omitempty"`      // chapters whose exercise passed its tests
	Reading
	Work
}

// State returns everything that the file holds at this moment. The maps belong to the caller.
func (f *File) State() State {
	s := f.now()
	s.Predictions, s.Hints, s.Exercises = maps.Clone(s.Predictions), maps.Clone(s.Hints), maps.Clone(s.Exercises)
	s.Solved, s.Projects = maps.Clone(s.Solved), maps.Clone(s.Projects)
	s.Reading = s.Reading.clone()
	return s
}

// Open finds the file, which need not exist: the first change makes it. Open fails if the
// environment gives no place for the file, or if the file can't be read. The error is one line that
// says what to do.
func Open() (*File, error) {
	f, err := locate()
	if err != nil {
		return nil, err
	}
	f.last, err = f.read()
	if err != nil {
		return nil, err
	}
	return f, nil
}

func locate() (*File, error) {
	dir, err := home()
	if err != nil {
		return nil, err
	}
	return &File{path: filepath.Join(dir, "threeloops", "progress.json")}, nil
}

// Path returns the path of the file, which may not exist.
func (f *File) Path() string { return f.path }

// Prediction returns the text of the choice that the reader made. A name is a chapter's number and
// the prediction's own name, like “1.backlog”.
func (f *File) Prediction(name string) (choice string, ok bool) {
	choice, ok = f.now().Predictions[name]
	return choice, ok
}

// Predictions returns all choices by their names. The map belongs to the caller, and is never nil.
func (f *File) Predictions() map[string]string {
	all := make(map[string]string)
	maps.Copy(all, f.now().Predictions)
	return all
}

// Predict saves a choice. It replaces an earlier one.
func (f *File) Predict(name, choice string) error {
	return f.change(func(s *State) { put(&s.Predictions, name, choice) })
}

// Hints returns how many hints for a chapter's exercise the reader has seen.
func (f *File) Hints(chapter int) int { return f.now().Hints[chapter] }

// Hint saves that the reader sees one more hint, and returns how many hints that makes.
func (f *File) Hint(chapter int) (n int, err error) {
	err = f.change(func(s *State) {
		n = s.Hints[chapter] + 1
		put(&s.Hints, chapter, n)
	})
	return n, err
}

// Exercise returns the directory of the reader's copy of a chapter's exercise, as Started saved it,
// or "" if the reader hasn't started the exercise.
func (f *File) Exercise(chapter int) (dir string) { return f.now().Exercises[chapter] }

// Started saves the directory of a copy of a chapter's exercise. It replaces an earlier one. dir
// must be absolute.
func (f *File) Started(chapter int, dir string) error {
	return f.change(func(s *State) { put(&s.Exercises, chapter, dir) })
}

// home returns the directory for the State of programs. The XDG Base Directory Specification says
// to ignore a relative path in the variable.
func home() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(dir) {
		return "", errors.New("can't save your progress: set HOME or XDG_STATE_HOME to a directory")
	}
	return filepath.Join(dir, ".local", "state"), nil
}

// now returns the current state.
func (f *File) now() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, err := f.read(); err == nil {
		f.last = s
	}
	return f.last
}

// read reads the file. An unknown member is an error, because a change would lose it.
func (f *File) read() (s State, err error) {
	text, err := readSome(f.path, mostBytes+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return State{Numbering: numbering}, nil
	case err != nil:
		return State{}, fmt.Errorf("can't read your progress: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if len(text) > mostBytes {
		err = fmt.Errorf("it has more than %d KiB", mostBytes>>10)
	} else if err = d.Decode(&s); err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("it has more than one object")
	}
	if err == nil {
		err = s.renumber()
	}
	if err != nil {
		return State{}, fmt.Errorf("your progress in %s is damaged (%w): repair the file, or move it away to "+
			"start without progress",
			f.path, err)
	}
	return s, nil
}

// readSome reads a file, but at most most bytes.
func readSome(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// check returns an error if the state has too many entries, or one that is too long.
func (s *State) check() error {
	switch {
	case max(len(s.Predictions), len(s.Hints), len(s.Exercises), len(s.Solved), len(s.Projects), len(s.Finished),
		len(s.Places), len(s.Runs)) > mostOfKind:
		return fmt.Errorf("%w: at most %d entries of one kind", ErrFull, mostOfKind)
	case longest(maps.Keys(s.Predictions)) > mostName, longest(maps.Values(s.Predictions)) > MostText,
		longest(maps.Values(s.Exercises)) > mostPath, longest(maps.Keys(s.Runs)) > mostName,
		longest(maps.Values(s.Places)) > mostName:
		return fmt.Errorf("%w: the entry is too long", ErrFull)
	}
	return nil
}

func longest(texts iter.Seq[string]) (most int) {
	for text := range texts {
		most = max(most, len(text))
	}
	return most
}

// change makes an edit. Meanwhile no other process can change the file.
func (f *File) change(edit func(*State)) error {
	unlock, err := f.lock()
	if err != nil {
		return f.unkept(err)
	}
	defer unlock()
	s, err := f.read()
	if err != nil {
		return err
	}
	edit(&s)
	s.Numbering = numbering
	if err := s.check(); err != nil {
		return err
	}
	switch err := f.write(s); {
	case errors.Is(err, ErrFull):
		return err
	case err != nil:
		return f.unkept(err)
	}
	f.mu.Lock()
	f.last = s
	f.mu.Unlock()
	return nil
}

// Writable returns an error if a change couldn't be saved. Its text is one line that says what to
// do. A command calls it before its reader gives answers that would be lost.
func (f *File) Writable() error {
	unlock, err := f.lock()
	if err != nil {
		return f.unkept(err)
	}
	defer unlock()
	if err := atomicfile.Writable(filepath.Dir(f.path)); err != nil {
		return f.unkept(err)
	}
	return nil
}

func (f *File) unkept(err error) error {
	return fmt.Errorf("can't save your progress in %s: %w; set XDG_STATE_HOME to a directory that you may write to",
		filepath.Dir(f.path), err)
}

// lock waits until nobody else changes the file. It locks another file, because each change
// replaces the file with the progress.
func (f *File) lock() (unlock func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(f.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := exclusive(lock); err != nil {
		lock.Close()
		return nil, err
	}
	return lock.Close, nil
}

// write replaces the file as a whole, so that no reader ever sees a part of it.
func (f *File) write(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if len(text) >= mostBytes { // a newline follows
		return fmt.Errorf("%w: the file may have at most %d KiB", ErrFull, mostBytes>>10)
	}
	return atomicfile.Write(f.path, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// put sets an entry of a map, which it makes if it is nil.
func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}
