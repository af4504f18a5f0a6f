package termtext

import (
	"strings"
	"unicode/utf8"
)

// Width is how many characters a line has at most, but for a word that is longer and for code.
const Width = 80

// Fold breaks a paragraph that isn't Markdown into lines.
func Fold(words string) string { return fold("", "", words) }

// fold breaks words into lines. The first begins with one text, the others with another. A line that the words
// end themselves ends there.
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
