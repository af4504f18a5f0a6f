package pages

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// absolute matches what leads a script to the top of a host: an import, a request, a worker or a link
// with an address that begins with a slash.
var absolute = regexp.MustCompile("(?:from |import |import\\(|fetch\\(|Worker\\(|href = |src = )[\"`]/")

// A static host may have the site below any path.
func TestScriptsWorkBelowAnyPath(t *testing.T) {
	names, err := fs.Glob(web, "web/*.js")
	if err != nil || len(names) < 5 {
		t.Fatalf("there are the scripts %q (%v)", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(web, name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if absolute.MatchString(line) {
				t.Errorf("%s:%d works only at the top of a host; write at(\"/…\") of base.js:\n%s", name, i+1, line)
			}
		}
	}
}

func TestAbsoluteAddressesAreSeen(t *testing.T) {
	for line, want := range map[string]bool{
		`import { sign } from "/_/model.js";`:    true,
		`import "/page.js";`:                     true,
		`await import("/page.js")`:               true,
		`fetch("/stats", {})`:                    true,
		"fetch(`/source/${file}.html`)":          true,
		`new Worker("/machine.js")`:              true,
		`a.href = "/chapters/";`:                 true,
		`import { sign } from "./_/model.js";`:   false,
		`fetch(at("/stats"))`:                    false,
		`Files: { "/files/small": "a file\n" },`: false,
	} {
		if absolute.MatchString(line) != want {
			t.Errorf("%s: it is said that an absolute address is there: %v, want %v", line, !want, want)
		}
	}
}
