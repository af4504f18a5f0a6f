package quote

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Lock holds what the chapters quote, as it was at the last review. It has the text itself and not
// only a checksum, because a checksum can't show what has changed.
type Lock struct {
	entries map[entry]string
}

type entry struct{ chapter, reference string }

const lockHeader = `The code that the chapters quote, as it was when they were last reviewed. Written by
	go run ./tutorials verify -record
`

// ReadLock reads a lock file. If the file doesn't exist, nothing has been reviewed.
func ReadLock(path string) (*Lock, error) {
	l := &Lock{entries: make(map[entry]string)}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	var e entry
	var want string
	check := func() error {
		if e != (entry{}) && sum(l.entries[e]) != want {
			return fmt.Errorf("%s: the text of %s in %s doesn't match its checksum: run “go run ./tutorials "+
				"verify -record”",
				path, e.reference, e.chapter)
		}
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, "| "); ok {
			l.entries[e] += code
			continue
		}
		if code, ok := strings.CutPrefix(line, "|"); ok {
			l.entries[e] += code
			continue
		}
		if fields := strings.Fields(line); len(fields) == 3 && strings.HasPrefix(fields[2], "sha256:") {
			if err := check(); err != nil {
				return nil, err
			}
			e, want = entry{fields[0], fields[1]}, fields[2]
			l.entries[e] = ""
		}
	}
	return l, check()
}

// Reviewed returns the text that a chapter quoted at the last review.
func (l *Lock) Reviewed(chapter, reference string) (text string, ok bool) {
	text, ok = l.entries[entry{chapter, reference}]
	return text, ok
}

// Set records the text that a chapter quotes now.
func (l *Lock) Set(chapter, reference, text string) { l.entries[entry{chapter, reference}] = text }

// Stale lists the references that the lock has for a chapter, but that are not in references.
func (l *Lock) Stale(chapter string, references []string) (stale []string) {
	for e := range l.entries {
		if e.chapter == chapter && !slices.Contains(references, e.reference) {
			stale = append(stale, e.reference)
		}
	}
	slices.Sort(stale)
	return stale
}

// Chapters lists the chapters whose quotes the lock has.
func (l *Lock) Chapters() (names []string) {
	for e := range l.entries {
		if !slices.Contains(names, e.chapter) {
			names = append(names, e.chapter)
		}
	}
	slices.Sort(names)
	return names
}

// Remove removes an entry.
func (l *Lock) Remove(chapter, reference string) { delete(l.entries, entry{chapter, reference}) }

// Write writes the lock file.
func (l *Lock) Write(path string) error {
	var order []entry
	for e := range l.entries {
		order = append(order, e)
	}
	slices.SortFunc(order, func(a, b entry) int {
		return strings.Compare(a.chapter+"\x00"+a.reference, b.chapter+"\x00"+b.reference)
	})
	var b strings.Builder
	b.WriteString(lockHeader)
	for _, e := range order {
		fmt.Fprintf(&b, "\n%s %s %s\n", e.chapter, e.reference, sum(l.entries[e]))
		for line := range strings.Lines(l.entries[e]) {
			if line != "\n" {
				b.WriteString("| ")
			} else {
				b.WriteString("|")
			}
			b.WriteString(line)
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

func sum(text string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))[:23] }
