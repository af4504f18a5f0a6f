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
)

// How much the file holds. The course needs less than a tenth of it.
const (
	MostText   = 1000      // bytes of a choice
	mostName   = 80        // bytes of a prediction's name
	mostPath   = 4096      // bytes of a directory's name, as Linux has it
	mostOfKind = 500       // predictions; and chapters with hints, or with an exercise
	mostBytes  = 256 << 10 // of the file
)

// ErrFull is the error of a change that would make the file larger than it may be.
var ErrFull = errors.New("your progress has no room for this")

// File is the file of a reader's progress. Goroutines may share a File, and processes the file: what
// one has written the others see at their next question. A question that can't be answered, because
// somebody has broken the file meanwhile, is answered as it was before; the next change says so.
type File struct {
	path string

	mu   sync.Mutex
	last state // as it was when it could last be read; its maps are never changed
}

// state is what the file holds.
type state struct {
	Predictions map[string]string `json:"predictions,omitempty"`
	Hints       map[int]int       `json:"hints,omitempty"`
	Exercises   map[int]string    `json:"exercises,omitempty"`
	Reading
}

// Open finds the file, which need not exist: it is made by the first change. The error is one line
// that says what to do, because there is no place for the file, or because it can't be read.
func Open() (*File, error) {
	dir, err := home()
	if err != nil {
		return nil, err
	}
	f := &File{path: filepath.Join(dir, "threeloops", "progress.json")}
	f.last, err = f.read()
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Path is where the file is, or will be.
func (f *File) Path() string { return f.path }

// Prediction returns the text of the choice that the reader made. Names are a chapter's number and the
// prediction's own, like “1.backlog”.
func (f *File) Prediction(name string) (choice string, ok bool) {
	choice, ok = f.now().Predictions[name]
	return choice, ok
}

// Predictions returns all choices by their names; the map is the caller's, and never nil.
func (f *File) Predictions() map[string]string {
	all := make(map[string]string)
	maps.Copy(all, f.now().Predictions)
	return all
}

// Predict notes a choice, in place of an earlier one.
func (f *File) Predict(name, choice string) error {
	return f.change(func(s *state) { put(&s.Predictions, name, choice) })
}

// Hints is how many hints for a chapter's exercise have been shown.
func (f *File) Hints(chapter int) int { return f.now().Hints[chapter] }

// Hint notes that one more hint is shown, and returns how many that makes.
func (f *File) Hint(chapter int) (n int, err error) {
	err = f.change(func(s *state) {
		n = s.Hints[chapter] + 1
		put(&s.Hints, chapter, n)
	})
	return n, err
}

// Exercise is where the reader's copy of a chapter's exercise lies, as Started was told; "" if the
// exercise hasn't been started.
func (f *File) Exercise(chapter int) (dir string) { return f.now().Exercises[chapter] }

// Started notes where a copy of a chapter's exercise lies, in place of an earlier one. dir is absolute.
func (f *File) Started(chapter int, dir string) error {
	return f.change(func(s *state) { put(&s.Exercises, chapter, dir) })
}

// home is the directory for the state of programs, by the XDG Base Directory Specification: a relative
// path in the variable is to be ignored.
func home() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, err := os.UserHomeDir()
	if err != nil || !filepath.IsAbs(dir) {
		return "", errors.New("there is no place for your progress: set HOME or XDG_STATE_HOME to a directory")
	}
	return filepath.Join(dir, ".local", "state"), nil
}

// now is the state of this moment.
func (f *File) now() state {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, err := f.read(); err == nil {
		f.last = s
	}
	return f.last
}

// read reads the file. A member that isn't known is an error: a change would lose it.
func (f *File) read() (s state, err error) {
	text, err := readSome(f.path, mostBytes+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return state{}, nil
	case err != nil:
		return state{}, fmt.Errorf("your progress can't be read: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if len(text) > mostBytes {
		err = fmt.Errorf("it has more than %d KiB", mostBytes>>10)
	} else if err = d.Decode(&s); err == nil && d.Decode(&struct{}{}) != io.EOF {
		err = errors.New("more follows than one object")
	}
	if err != nil {
		return state{}, fmt.Errorf("your progress in %s is damaged (%w): mend it, or move it away to begin anew",
			f.path, err)
	}
	return s, nil
}

// readSome reads a file, up to most bytes.
func readSome(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// check is an error if there is too much, or something too long.
func (s *state) check() error {
	switch {
	case max(len(s.Predictions), len(s.Hints), len(s.Exercises), len(s.Finished), len(s.Places), len(s.Runs)) > mostOfKind:
		return fmt.Errorf("%w: it may have %d entries of a kind", ErrFull, mostOfKind)
	case longest(maps.Keys(s.Predictions)) > mostName, longest(maps.Values(s.Predictions)) > MostText,
		longest(maps.Values(s.Exercises)) > mostPath, longest(maps.Keys(s.Runs)) > mostName,
		longest(maps.Values(s.Places)) > mostName:
		return fmt.Errorf("%w: it is too long", ErrFull)
	}
	return nil
}

func longest(texts iter.Seq[string]) (most int) {
	for text := range texts {
		most = max(most, len(text))
	}
	return most
}

// change makes an edit that no other process comes between.
func (f *File) change(edit func(*state)) error {
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

// Writable reports in a line, with what to do, that a change couldn't be kept: a command asks before its reader
// has answered in vain.
func (f *File) Writable() error {
	unlock, err := f.lock()
	if err != nil {
		return f.unkept(err)
	}
	defer unlock()
	probe, err := os.CreateTemp(filepath.Dir(f.path), ".progress-*")
	if err != nil {
		return f.unkept(err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

func (f *File) unkept(err error) error {
	return fmt.Errorf("your progress can't be kept in %s: %w; set XDG_STATE_HOME to a directory that you may write to",
		filepath.Dir(f.path), err)
}

// lock waits until nobody else changes the file. The lock is on a file of its own, for the one with the
// progress is replaced at each change.
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

// write replaces the file whole, so that nobody ever reads a part.
func (f *File) write(s state) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if len(text) >= mostBytes { // a line's end follows
		return fmt.Errorf("%w: the file may have %d KiB", ErrFull, mostBytes>>10)
	}
	temp, err := os.CreateTemp(filepath.Dir(f.path), ".progress-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // in vain when all went well: it has another name then
	_, err = temp.Write(append(text, '\n'))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), f.path)
}

// put sets an entry of a map that may not have been made.
func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}
