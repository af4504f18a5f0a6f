package quote

import "strings"

// Difference returns the lines that are gone and the lines that are new, each indented by a tab. It
// omits the lines that are the same at both ends.
func Difference(then, now string) string {
	a, b := strings.Split(then, "\n"), strings.Split(now, "\n")
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	var lines []string
	for _, l := range a {
		lines = append(lines, "\t-"+l)
	}
	for _, l := range b {
		lines = append(lines, "\t+"+l)
	}
	return strings.Join(lines, "\n")
}
