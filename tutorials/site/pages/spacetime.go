package pages

import (
	"io/fs"
	"strings"
)

// Spacetime returns what a page outside of the site needs to draw a space-time diagram: its scripts, by the
// names under which they import each other, and its style sheet. The colours are those of the servers' own
// style sheet.
func Spacetime() (scripts map[string]string, style string, err error) {
	scripts = make(map[string]string)
	for _, name := range []string{"spacetime", "timeline", "words"} {
		text, err := fs.ReadFile(web, "web/"+name+".js")
		if err != nil {
			return nil, "", err
		}
		scripts[name] = string(text)
	}
	text, err := fs.ReadFile(web, "web/spacetime.css")
	style, _, _ = strings.Cut(string(text), "\n/* The phases of connections */") // the diagram's part
	return scripts, style, err
}
