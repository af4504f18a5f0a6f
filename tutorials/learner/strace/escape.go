package strace

import "fmt"

// unescape reads a string in the ways in which strace writes it: \xHH with -x and -xx; otherwise the
// escapes of C, octal ones included. s stands between the quotation marks.
func unescape(s string) []byte {
	b := make([]byte, 0, len(s)/4)
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			i++
			continue
		}
		c, n := escaped(s[i+1:])
		b = append(b, c)
		i += 1 + n
	}
	return b
}

// escaped reads one escape, without its backslash. n is how many bytes it has.
func escaped(s string) (c byte, n int) {
	switch s[0] {
	case 'x':
		for n = 1; n < len(s) && n < 3 && hex(s[n]) >= 0; n++ {
			c = c<<4 | byte(hex(s[n]))
		}
		if n == 1 {
			return 'x', 1
		}
		return c, n
	case '0', '1', '2', '3', '4', '5', '6', '7':
		for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
			c = c<<3 | (s[n] - '0')
			n++
		}
		return c, n
	case 'n':
		return '\n', 1
	case 't':
		return '\t', 1
	case 'r':
		return '\r', 1
	case 'v':
		return '\v', 1
	case 'f':
		return '\f', 1
	}
	return s[0], 1
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendQuoted writes the first bytes of s between quotation marks. Bytes that aren't printable ASCII
// become escapes.
func appendQuoted(b, s []byte, most int) []byte {
	b = append(b, '"')
	for _, c := range s[:min(len(s), max(most, 0))] {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, `\x%02x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
