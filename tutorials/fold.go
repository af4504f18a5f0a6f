package main

import (
	"strings"
	"unicode/utf8"
)

// foldWidth is how many characters a line for the terminal has at most.
const foldWidth = 80

// fold breaks the paragraphs of a Markdown text into lines for a terminal. Code, lists and tables stay as
// they are written.
func fold(text string) string {
	var out []string
	column, code, flowing := 0, false, false
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fence := strings.HasPrefix(line, "```")
		code = code != fence
		if code || fence || line == "" || strings.ContainsAny(line[:1], " \t#-*|>0123456789") {
			out = append(out, line)
			flowing = false
			continue
		}
		if !flowing {
			out, column, flowing = append(out, ""), 0, true
		}
		last := &out[len(out)-1]
		for word := range strings.FieldsSeq(line) {
			width := utf8.RuneCountInString(word)
			switch {
			case column == 0:
			case column+1+width > foldWidth:
				out = append(out, "")
				last, column = &out[len(out)-1], 0
			default:
				*last += " "
				column++
			}
			*last += word
			column += width
		}
	}
	return strings.Join(out, "\n")
}
