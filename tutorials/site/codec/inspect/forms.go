package inspect

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseHex parses bytes in hexadecimal. Blanks and commas may stand between them, and 0x before
// them. "repeat N XX" is XX, N times.
func parseHex(text string) ([]byte, error) {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" ,\t\r\n", c) })
	var all []byte
	for i := 0; i < len(words); i++ {
		times := 1
		if words[i] == "repeat" {
			if len(words) < i+3 {
				return nil, fmt.Errorf("want a number and a byte after repeat, as in: repeat 256 2a")
			}
			n, err := strconv.Atoi(words[i+1])
			if err != nil || n < 0 || n > Most {
				return nil, fmt.Errorf("want a number up to %d after repeat, not %q", Most, words[i+1])
			}
			times, i = n, i+2
		}
		b, err := hex.DecodeString(strings.TrimPrefix(words[i], "0x"))
		if err != nil {
			return nil, fmt.Errorf("want bytes of two hexadecimal digits, such as 0a or 0x0a, not %q", words[i])
		}
		if len(all)+times*len(b) > Most {
			return nil, fmt.Errorf("these are more than %d bytes", Most)
		}
		for range times {
			all = append(all, b...)
		}
	}
	return all, nil
}

// parseText parses text. The end of a line is CRLF, unless a backslash stands before it. Other
// backslashes begin the escapes of Go.
func parseText(text string) ([]byte, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var all []byte
	for text != "" {
		switch {
		case text[0] == '\n':
			all, text = append(all, "\r\n"...), text[1:]
		case strings.HasPrefix(text, "\\\n"):
			text = text[2:]
		case text[0] == '"' || text[0] == '\'':
			all, text = append(all, text[0]), text[1:]
		default:
			c, wide, rest, err := strconv.UnquoteChar(text, 0)
			if err != nil {
				return nil, fmt.Errorf(`want \r, \n, \t, \\, \x0a or \u00e9 after a backslash: %s`, strings.TrimSpace(text[:min(len(text), 8)]))
			}
			if wide {
				all = utf8.AppendRune(all, c)
			} else {
				all = append(all, byte(c))
			}
			text = rest
		}
	}
	return all, nil
}
