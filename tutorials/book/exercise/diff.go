package exercise

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		out.WriteString(unified("yours/"+name, "ours/"+name, yours[name], ours[name]))
	}
	return out.String(), nil
}

// Changed returns how many lines of from are missing in to, and how many lines to has in their
// place.
func Changed(from, to string) (gone, come int) {
	for _, l := range compare(split(from), split(to)) {
		switch l.sign {
		case '-':
			gone++
		case '+':
			come++
		}
	}
	return gone, come
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

// around is the number of unchanged lines shown before and after a change.
const around = 3

// line is a line of either text, with its sign in a unified diff: ' ', '-' or '+'.
type line struct {
	sign byte
	text string
}

// unified compares two texts line by line. It returns "" if they are the same.
func unified(nameA, nameB, a, b string) string {
	if a == b {
		return ""
	}
	lines := compare(split(a), split(b))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
	atA, atB := 1, 1 // numbers of the next lines
	for i := 0; i < len(lines); {
		end := i + hunk(lines[i:])
		if end == i {
			i, atA, atB = i+1, atA+1, atB+1
			continue
		}
		nA, nB := count(lines[i:end], '-'), count(lines[i:end], '+')
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", first(atA, nA), nA, first(atB, nB), nB)
		for _, l := range lines[i:end] {
			fmt.Fprintf(&out, "%c%s\n", l.sign, l.text)
		}
		i, atA, atB = end, atA+nA, atB+nB
	}
	return out.String()
}

// hunk returns the number of lines in the hunk that begins with the first line, or 0 if no hunk
// begins there.
func hunk(lines []line) (end int) {
	for i, l := range lines {
		switch {
		case l.sign != ' ':
			end = min(i+1+around, len(lines))
		case i >= end+around || end == 0 && i >= around:
			return end
		}
	}
	return end
}

// count returns how many lines belong to the text of that sign.
func count(lines []line, sign byte) (n int) {
	for _, l := range lines {
		if l.sign == sign || l.sign == ' ' {
			n++
		}
	}
	return n
}

// first returns the line number that a unified diff gives to n lines from at on. If n is 0, that is
// the number of the line before.
func first(at, n int) int {
	if n == 0 {
		return at - 1
	}
	return at
}

// split cuts a text into lines. If the text doesn't end with a newline, the last line says so.
func split(text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		return lines[:last]
	}
	lines[len(lines)-1] += "  (no newline at the end)"
	return lines
}

// compare finds the longest common subsequence with a table, because the programs have few lines.
func compare(a, b []string) (all []line) {
	longest := make([][]int, len(a)+1) // [i][j] is the length for a[i:] and b[j:]
	longest[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		longest[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, line{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			all = append(all, line{'-', a[i]})
			i++
		default:
			all = append(all, line{'+', b[j]})
			j++
		}
	}
	return all
}
