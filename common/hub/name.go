package hub

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the maximum number of characters in a name, and MaxNameBytes the maximum number of its
// bytes.
const (
	MaxName      = 32
	MaxNameBytes = MaxName * utf8.UTFMax
)

const (
	nonJoiner = '\u200c' // separates two letters, for example in Persian
	joiner    = '\u200d' // joins two letters or emoji into one
)

// blank are characters that a reader can't see, although Unicode counts them as letters, marks or
// symbols.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x180b, Hi: 0x180d, Stride: 1}, // Mongolian variation selectors
		{Lo: 0x180f, Hi: 0x180f, Stride: 1},
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // the Braille pattern without a dot
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul fillers
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x16fe4, Hi: 0x16fe4, Stride: 1}, // Khitan small script filler
		{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}, // musical null note head
		{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}, // variation selectors
	},
}

// modifier reports whether r is a blank character that may be part of a name, because it changes
// how the character before it is drawn.
func modifier(r rune) bool {
	return r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef || r >= 0x180b && r <= 0x180f
}

// nameFault returns what is wrong with a name, or "".
func nameFault(name string) string {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > MaxName || strings.TrimSpace(name) != name || !utf8.ValidString(name) {
		return "a name has 1 to 32 characters, and no space at its ends"
	}
	const printable = "a name may have only printable characters"
	before := ' '
	for i, r := range name {
		switch {
		case r == joiner || r == nonJoiner:
			after, n := utf8.DecodeRuneInString(name[i+utf8.RuneLen(r):])
			if !visible(before) && !unicode.IsMark(before) || n == 0 || !visible(after) {
				return "a name may have a joiner only between two visible characters"
			}
		case modifier(r):
			if !visible(before) && !unicode.IsMark(before) {
				return printable
			}
		case !unicode.IsPrint(r) || unicode.Is(blank, r):
			return printable
		}
		before = r
	}
	if strings.IndexFunc(name, visible) < 0 {
		return "a name needs at least one character that is visible by itself"
	}
	return ""
}

// visible reports whether a reader can see r by itself.
func visible(r rune) bool {
	return unicode.IsPrint(r) && r != ' ' && !unicode.IsMark(r) && !unicode.Is(blank, r)
}

// appendFolded appends name in a form that is equal for names that differ only in case and in
// characters that nobody can see. It folds the case of each character and leaves out the blank
// ones.
func appendFolded(b []byte, name string) []byte {
	for _, r := range name {
		if r == joiner || r == nonJoiner || unicode.Is(blank, r) {
			continue
		}
		full := fullFolding(r)
		if full == "" {
			b = utf8.AppendRune(b, simpleFolding(r))
		}
		for _, r := range full {
			b = utf8.AppendRune(b, simpleFolding(r))
		}
	}
	return b
}

// simpleFolding returns the same character for all characters that differ only in case: the first
// of them.
func simpleFolding(r rune) rune {
	first := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		first = min(first, f)
	}
	return first
}
