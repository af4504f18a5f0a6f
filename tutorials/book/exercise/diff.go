package exercise

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Diff returns what has to change in the Go files of dir so that they become those of the sound program, as
// a unified diff; "" if they are the same. Tests are not compared. The error may be ErrNoGo.
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

// Changed is how many lines of one text are not in another, and how many the other has in their place.
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

// sources reads the Go files of a folder, but for the tests, by their names.
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

// around is how many unchanged lines are shown at both sides of a change.
const around = 3

// line is a line of either text, with the sign that a unified diff gives it: ' ', '-' or '+'.
type line struct {
	sign byte
	text string
}

// unified compares two texts line by line; "" if they are the same.
func unified(nameA, nameB, a, b string) string {
	if a == b {
		return ""
	}
	lines := compare(split(a), split(b))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
	atA, atB := 1, 1 // the numbers of the next lines
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

// hunk is how many lines belong to the hunk that begins with the first; 0 if none does.
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

// count is how many lines belong to the text of that sign.
func count(lines []line, sign byte) (n int) {
	for _, l := range lines {
		if l.sign == sign || l.sign == ' ' {
			n++
		}
	}
	return n
}

// first is the number that a unified diff gives to n lines from at on: without lines, that of the line before.
func first(at, n int) int {
	if n == 0 {
		return at - 1
	}
	return at
}

// split cuts a text into lines. One that ends without \n is shown by its last line.
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

// compare finds the longest common subsequence, by a table: programs here have few lines.
func compare(a, b []string) (all []line) {
	longest := make([][]int, len(a)+1) // [i][j]: of what begins at a[i] and b[j]
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
