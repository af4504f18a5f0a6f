package planted

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../../.."

const example = `Two edits of one file,
and one of another.
servers pollserv forkserv

file a.go
old:
	one
	two
new:
	1

old:
three
new:

file b/c.go
old:
four
new:
4
`

func TestParse(t *testing.T) {
	got, err := Parse("name", example)
	want := Fault{
		Name: "name", About: "Two edits of one file, and one of another.", Servers: []string{"pollserv", "forkserv"},
		Edits: []Edit{{"a.go", "\tone\n\ttwo", "\t1"}, {"a.go", "three", ""}, {"b/c.go", "four", "4"}},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "sentence",
		"about\n":                      "servers",
		"about\nservers pollserv\n":    "no edit",
		"about\nservers pollserv\nx\n": "line 3",
		"about\nservers poll\nfile a\nold:\na\nnew:\nb\n":           `no server "poll"`,
		"about\nservers pollserv\nold:\na\nnew:\nb\n":               "before",
		"about\nservers pollserv\nfile a\nnew:\nb\n":                "line 4",
		"about\nservers pollserv\nfile a\nold:\na\nnew:\na\n":       "changes nothing",
		"about\nservers pollserv\nfile a\nold:\na\nnew:\nb\nnew:\n": "line 8",
	} {
		if _, err := Parse("name", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", text, want, err)
		}
	}
}

// moduleOf makes a module with one file.
func moduleOf(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestApply(t *testing.T) {
	f := Fault{Edits: []Edit{{"a.go", "one", "1"}, {"a.go", "two", "2"}}}
	dir := moduleOf(t, "one two three")
	if err := f.Apply(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a.go")); string(got) != "1 2 three" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, text := range []string{"one one two", "two"} {
		if err := f.Apply(moduleOf(t, text)); err == nil || !strings.Contains(err.Error(), "must occur once") {
			t.Errorf("%q: want an error, got %v", text, err)
		}
	}
}

// Each planted fault must be one: it applies to the code of today, and the edited packages compile.
// A fault that doesn't compile would make every test fail, and count as found.
func TestPlantedFaultsApply(t *testing.T) {
	faults, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(faults) == 0 {
		t.Fatal("there is no planted fault")
	}
	c, err := NewCompiler(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if err := c.Check(&f); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

// The compiler must notice what go build notices.
func TestTheCompilerNotices(t *testing.T) {
	c, err := NewCompiler(root)
	if err != nil {
		t.Fatal(err)
	}
	const file, old = "common/conn/wait.go", "return max(t.Sub(now), 0)"
	for text, want := range map[string]string{
		old + " ":                      "",
		"return max(t.Sub(now), \"\")": "mismatched types",
		"x := 1; " + old:               "declared and not used",
		"return sys.Nothing":           "undefined: sys.Nothing",
		"return 0 0":                   "expected",
	} {
		err := c.Check(&Fault{Edits: []Edit{{file, old, text}}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: want an error with %q, got %v", text, want, err)
		}
	}
	if err := c.Check(&Fault{Edits: []Edit{{"common/sys/wait_linux.go", "func poll(", "func poll(("}}}); err == nil {
		t.Error("a file that isn't built with the tag sim: want an error, got none")
	}
}
