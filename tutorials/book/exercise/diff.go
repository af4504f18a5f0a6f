package exercise

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"threeloops/tutorials/book/diff"
)

// Diff returns, as a unified diff, what would make the Go files of dir those of the correct
// program, or "" if they are the same. It ignores tests. The error may be ErrNoGo.
func (e *Exercise) Diff(dir string) (string, error) {
	yours, err := sources(dir)
	if err != nil {
		return "", err
	}
	if len(yours) == 0 {
		return "", ErrNoGo
	}
	ours, err := sources(filepath.Join(e.Dir, e.Sound))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	names := maps.Clone(yours)
	maps.Copy(names, ours)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out.WriteString(diff.Unified("yours/"+name, "ours/"+name, yours[name], ours[name]))
	}
	return out.String(), nil
}

// sources reads the Go files of a folder except the tests, and returns them by name.
func sources(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	return files, nil
}
