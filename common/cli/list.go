package cli

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// readList reads an allow list: the number of entries on the first line, then
// one entry a line. Blank lines at the end are ignored. An empty path is no
// list at all: nil.
func readList(flag, path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n\t "), "\n")
	count, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || count < 0 {
		return nil, fmt.Errorf("%s: %s:1: %q is not the number of entries that follow", flag, path, lines[0])
	}
	list := []string{} // not nil: a list of nobody is a list
	for i, l := range lines[1:] {
		l = strings.TrimSpace(l)
		if l == "" || strings.ContainsAny(l, " \t") {
			return nil, fmt.Errorf("%s: %s:%d: %q is not one entry", flag, path, i+2, l)
		}
		list = append(list, l)
	}
	if len(list) != count {
		return nil, fmt.Errorf("%s: %s:1: says %d entries, but %d follow", flag, path, count, len(list))
	}
	return list, nil
}
