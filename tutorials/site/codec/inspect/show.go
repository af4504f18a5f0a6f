package inspect

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostShown is how many bytes of a payload or a response a Result has.
const mostShown = 2 << 10

// shown cuts what is too long to be read.
func shown(p []byte) []byte { return p[:min(len(p), mostShown)] }

// hexOf returns the first bytes in hexadecimal, with a blank between two bytes.
func hexOf(p []byte) string {
	p = shown(p)
	var b strings.Builder
	for i, c := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(hex.EncodeToString([]byte{c}))
	}
	return b.String()
}

// readable returns the first bytes as text. What can't be read is an escape of Go. A line ends as it
// does in the bytes.
func readable(p []byte) string {
	p = shown(p)
	var b strings.Builder
	for len(p) > 0 {
		c, n := utf8.DecodeRune(p)
		switch {
		case c == '\n' && strings.HasSuffix(b.String(), `\r`):
			b.WriteString("\\n\n")
		case c == utf8.RuneError && n <= 1:
			b.WriteString(`\x` + hex.EncodeToString(p[:1]))
		case c == '\\':
			b.WriteString(`\\`)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			quoted := strconv.QuoteRune(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		p = p[n:]
	}
	return b.String()
}

// short is readable for a line: in quotes, and cut.
func short(p []byte) string {
	const most = 60
	if len(p) > most {
		return "“" + readable(p[:most]) + "…”"
	}
	return "“" + readable(p) + "”"
}

// count returns "1 byte" or "n bytes".
func count(n int) string {
	if n == 1 {
		return "1 byte"
	}
	return strconv.Itoa(n) + " bytes"
}
