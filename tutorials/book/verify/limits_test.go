//go:build linux

package verify

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"tutorials/chapters/02-bytes/server/main.go": "package main\n",
		"tutorials/chapters/02-bytes/cuts/main.go":   "package main\n",
		"tutorials/chapters/03-x/server/main.go":     "package main\n",
		"common/ws/frame_test.go":                    "package ws\n\nfunc TestFrame(t *testing.T) {}\n",
		"common/ws/testdata/old_test.go":             "package old\n\nfunc TestOld(t *testing.T) {}\n",
	} {
		write(t, filepath.Join(root, name), text)
	}
	const head = "# What is simpler here\n\n| Where | Simpler than the truth | Shown by |\n|---|:--|---|\n"
	for _, c := range []struct{ about, text, want string }{
		{"a program and a test", head + "| `02-bytes/server` | no limit | TestFrame |\n", ""},
		{"a test as code", head + "| `chapters/02-bytes/server/main.go#serve` | x | `TestFrame/cut` |\n", ""},
		{"a link", head + "| [bytes](chapters/02-bytes) | x | `go run ./tutorials/chapters/02-bytes` |\n", ""},
		{"a pipe", head + "| chapter 2, `02-bytes` | x | `printf 'a\\n' \\| nc 127.0.0.1 9000` |\n", ""},
		{"all packages", head + "| `common/ws` | x | `GOFLAGS=-v go test ./common/... -run TestFrame` |\n", ""},
		{"no table", "# What is simpler here\n", ":1: the table is missing"},
		{"no place", head + "| the server | x | TestFrame |\n", `:5: "the server" names no place`},
		{"a chapter", head + "| Chapters 2 and 3, `server/` | x | `common/ws`, its `frame` |\n", ""},
		{"a missing chapter", head + "| chapters 2, 3 and 4 | x | TestFrame |\n", ":5: there is no chapter 4"},
		{"a planned chapter", head + "| `02-bytes` | more in chapter 2, and in chapter 4 (planned) | TestFrame |\n", ""},
		{"a planned chapter without the mark", head + "| `02-bytes` | more in chapters 2 and 4 | TestFrame |\n",
			":5: there is no chapter 4; if it is planned, write “chapter 4 (planned)”"},
		{"a chapter that exists, marked as planned", head + "| `02-bytes` | x | TestFrame, chapter 3 (planned) |\n",
			":5: chapter 3 exists: remove “(planned)”"},
		{"a file that only one chapter has", head + "| chapters 2 and 3, `cuts` | x | TestFrame |\n", ":5: there is no cuts"},
		{"a file that is gone", head + "| chapter 2 | x | `common/no.go` |\n", ":5: there is no common/no.go"},
		{"a place that is gone", head + "| `04-x` | x | TestFrame |\n", ":5: there is no 04-x"},
		{"a place outside", head + "| `../x` | x | TestFrame |\n", ":5: there is no ../x"},
		{"a test that is gone", head + "| `02-bytes` | x | `TestFrames` |\n", ":5: there is no test TestFrames"},
		{"a test that never runs", head + "| `02-bytes` | x | TestOld |\n", ":5: there is no test TestOld"},
		{"a command's test", head + "| `02-bytes` | x | `go test ./common/ws -run TestNo` |\n", "no test TestNo"},
		{"a package that is gone", head + "| `02-bytes` | x | `go run ./03` |\n", "there is no ./03"},
		{"no program", head + "| `02-bytes` | x | `frobnicate it` |\n", "isn't a command of a known program"},
		{"words", head + "| `02-bytes` | x | reading |\n", `"reading" must name a test`},
		{"an empty cell", head + "| `02-bytes` |  | TestFrame |\n", `the cell "Simpler than the truth" is empty`},
		{"two cells", head + "| `02-bytes` | TestFrame |\n", "a row must have the cells"},
	} {
		write(t, filepath.Join(root, limitsPath), c.text)
		err := Limits(root)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.about, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got the error %v, want one with %q", c.about, err, c.want)
		}
	}
}

// If there are chapters, there must be a list.
func TestChaptersWithoutLimitsAreAFault(t *testing.T) {
	o, out := book(t, "# A page\n")
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("without chapters: %v\n%s", err, out)
	}
	write(t, filepath.Join(o.Root, "chapters/01-x/chapter.md"), "# X\n")
	if err := Run(t.Context(), o); err == nil || !strings.Contains(out.String(), limitsPath) {
		t.Errorf("with one: %v\n%s", err, out)
	}
	write(t, filepath.Join(o.Root, limitsPath), "# Limits\n")
	if err := Run(t.Context(), o); err == nil || !strings.Contains(out.String(), limitsPath+":1: the table is missing") {
		t.Errorf("with an empty list: %v\n%s", err, out)
	}
}
