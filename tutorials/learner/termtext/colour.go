package termtext

import "strings"

// These sequences begin a colour in a terminal, and end it.
const (
	red, green, cyan, bold = "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[1m"
	normal                 = "\x1b[0m"
)

// Coloured adds colours to the lines of a unified diff.
func Coloured(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		line = strings.TrimSuffix(line, "\n")
		colour := ""
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			colour = bold
		case strings.HasPrefix(line, "@@"):
			colour = cyan
		case strings.HasPrefix(line, "-"):
			colour = red
		case strings.HasPrefix(line, "+"):
			colour = green
		}
		if colour != "" {
			line = colour + line + normal
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
