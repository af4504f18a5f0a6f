package termtext

import (
	"strings"
	"unicode/utf8"
)

// Width is the length of the longest line in characters. Code and long words may be longer.
const Width = 80

// Fold breaks a paragraph of plain text into lines.
func Fold(words string) string { return fold("", "", words) }

// fold breaks words into lines. The first line begins with first, the others with rest. A newline
// in words ends a line.
func fold(first, rest, words string) string {
	var out []string
	for line := range strings.Lines(words) {
		now, column := first, utf8.RuneCountInString(first)
		begun := false
		for word := range strings.FieldsSeq(line) {
			width := utf8.RuneCountInString(word)
			switch {
			case begun && column+1+width > Width:
				out = append(out, now)
				now, column = rest, utf8.RuneCountInString(rest)
			case begun:
				now += " "
				column++
			}
			now += word
			column += width
			begun = true
		}
		out, first = append(out, now), rest
	}
	return strings.Join(out, "\n")
}
