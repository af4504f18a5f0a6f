// Package diff compares two texts line by line. The texts are short programs.
package diff

import (
	"fmt"
	"strings"
)

// Line is a line of either text, or of both.
type Line struct {
	Sign     byte // in a unified diff: ' ', '-' or '+'
	Text     string
	From, To int // how many lines of the first and of the second text come before it
}

// Changed returns how many lines of from are missing in to, and how many lines to has in their
// place.
func Changed(from, to string) (gone, come int) {
	for _, l := range compare(split(from), split(to)) {
		switch l.Sign {
		case '-':
			gone++
		case '+':
			come++
		}
	}
	return gone, come
}

// around is the number of unchanged lines shown before and after a change.
const around = 3

// Hunks returns the groups of changed lines, each with some unchanged lines around it. There is no
// group if the texts are the same.
func Hunks(from, to string) (hunks [][]Line) {
	lines := compare(split(from), split(to))
	for i := 0; i < len(lines); {
		end := i + hunk(lines[i:])
		if end == i {
			i++
			continue
		}
		hunks = append(hunks, lines[i:end])
		i = end
	}
	return hunks
}

// Unified returns a unified diff of two texts, or "" if they are the same.
func Unified(nameFrom, nameTo, from, to string) string {
	if from == to {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameFrom, nameTo)
	for _, h := range Hunks(from, to) {
		gone, come := count(h, '-'), count(h, '+')
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", number(h[0].From, gone), gone, number(h[0].To, come), come)
		for _, l := range h {
			fmt.Fprintf(&out, "%c%s\n", l.Sign, l.Text)
		}
	}
	return out.String()
}

// hunk returns the number of lines in the hunk that begins with the first line, or 0 if no hunk
// begins there.
func hunk(lines []Line) (end int) {
	for i, l := range lines {
		switch {
		case l.Sign != ' ':
			end = min(i+1+around, len(lines))
		case i >= end+around || end == 0 && i >= around:
			return end
		}
	}
	return end
}

// count returns how many lines belong to the text of that sign.
func count(lines []Line, sign byte) (n int) {
	for _, l := range lines {
		if l.Sign == sign || l.Sign == ' ' {
			n++
		}
	}
	return n
}

// number returns the line number that a unified diff gives to n lines after the first before lines.
// If n is 0, that is the number of the line before.
func number(before, n int) int {
	if n == 0 {
		return before
	}
	return before + 1
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
func compare(a, b []string) (all []Line) {
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
			all = append(all, Line{' ', a[i], i, j})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			all = append(all, Line{'-', a[i], i, j})
			i++
		default:
			all = append(all, Line{'+', b[j], i, j})
			j++
		}
	}
	return all
}
