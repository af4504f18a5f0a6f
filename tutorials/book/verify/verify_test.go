//go:build linux

package verify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const chapterText = `# A page

§§§quote code/a.go#f
§§§

§§§console
$ echo a 8001
b {int}
§§§

§§§check counts
One is one.
a = echo 1
want a = 1
§§§

§§§check
Noise is small.
a = echo 3 ms
b = echo 2 ms
want a / b >= 1.2
§§§

§§§console
$ echo 40 ms
{ms 50..60}
§§§
`

// book makes a repository with one page, and options to verify it.
func book(t *testing.T, text string) (Options, *strings.Builder) {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"chapters/page.md":            strings.ReplaceAll(text, "§§§", "```"),
		"chapters/misconceptions.txt": "1 planned x\n",
		"code/a.go":                   "package a\n\nfunc f() {}\n",
	} {
		write(t, filepath.Join(root, name), text)
	}
	out := new(strings.Builder)
	return Options{
		Root: root, Folder: "chapters", Marked: []string{"code"}, Out: out,
		Start: func(context.Context) (*Servers, error) {
			return &Servers{Ports: map[int]int{8001: 49999}, Stop: func() error { return nil }}, nil
		},
	}, out
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// says runs a verification, and compares its output and error.
func says(t *testing.T, about string, o Options, out *strings.Builder, want, wantErr string) {
	t.Helper()
	out.Reset()
	err := Run(t.Context(), o)
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("%s (-want +got):\n%s", about, d)
	}
	got := ""
	if err != nil {
		got, _, _ = strings.Cut(err.Error(), ":")
	}
	if got != wantErr {
		t.Errorf("%s: the error is %v, want %s", about, err, wantErr)
	}
}

func TestVerifySaysHowFarItIs(t *testing.T) {
	o, _ := book(t, chapterText)
	o.Record = true
	if err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Record = false
	var said strings.Builder
	o.Progress = &said
	if err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := `comparing the code that 0 chapters quote
1 of 1: page: building, then 2 console blocks and 2 measured sentences
running 0 experiments
0 chapters, 5 claims: 4 true, 1 not checked (they need -measure, or a program that isn't installed)
`
	if d := cmp.Diff(want, said.String()); d != "" {
		t.Errorf("a verification must print its steps and its result (-want +got):\n%s", d)
	}
}

func TestVerifyThenRecordThenVerify(t *testing.T) {
	o, out := book(t, chapterText)
	const echo = `"echo a 8001" prints other lines than the chapter shows (-chapter +now):` + "\n\t-b {int}\n\t+a 8001\n"
	says(t, "a difference is a fault", o, out,
		"chapters/page.md:3: code/a.go#f is new\nchapters/page.md:7: "+echo, "2 faults in the chapters")
	o.Record = true
	says(t, "-record shows what it writes", o, out,
		"chapters/page.md:3: recorded: code/a.go#f is new\nchapters/page.md:7: recorded: "+echo, "")
	want := strings.NewReplacer("b {int}", "a 8001", "want a = 1\n", "want a = 1\nours 1\n", "{ms 50..60}",
		"{ms 50..60 = 40 ms}", "§§§", "```").Replace(chapterText)
	if d := cmp.Diff(want, read(t, o.Root+"/chapters/page.md")); d != "" {
		t.Errorf("wrong page after -record (-want +got):\n%s", d)
	}
	o.Record = false
	says(t, "a recorded page has no faults", o, out, "", "")

	write(t, o.Root+"/code/a.go", "package a\n\n// New.\n\nfunc f() { return }\n\n//quote:m\n//quote:end\n")
	says(t, "changed code is shown", o, out,
		"chapters/page.md:3: code/a.go#f has changed since this chapter was reviewed (-then +now):\n"+
			"\t-func f() {}\n\t+func f() { return }\ncode/a.go:7: no chapter quotes the mark m\n",
		"2 faults in the chapters")

	write(t, o.Root+"/code/a.go", "package a\n\n\n\nfunc f() {}\n")
	says(t, "moved code is no fault", o, out, "", "")

	write(t, o.Root+"/chapters/page.md", "# A page\n")
	says(t, "a quote that is gone is a fault", o, out,
		"chapters/quotes.lock: page no longer quotes code/a.go#f\n", "1 fault in the chapters")
	if err := os.Remove(o.Root + "/chapters/page.md"); err != nil {
		t.Fatal(err)
	}
	says(t, "a quote whose chapter is gone is a fault", o, out,
		"chapters/quotes.lock: page no longer quotes code/a.go#f\n", "1 fault in the chapters")
	o.Record = true
	says(t, "-record removes it", o, out, "", "")
	o.Record = false
	says(t, "it stays removed", o, out, "", "")
}

func TestMeasure(t *testing.T) {
	o, out := book(t, "# A page\n\n§§§check\nSo.\na = echo 3\nb = echo 2\nwant a / b >= 2\nours 2.5\n§§§\n\n"+
		"§§§console\n$ echo 40 ms\n{ms 50..60 = 55 ms}\n§§§\n")
	says(t, "a narrow check isn't measured", o, out, "", "")
	o.Measure = true
	says(t, "-measure measures a narrow check", o, out,
		`chapters/page.md:12: "echo 40 ms" prints other lines than the chapter shows (-chapter +now):`+
			"\n\t-{ms 50..60 = 55 ms}\n\t+40 ms\n"+
			"chapters/page.md:3: \"So.\": on this machine it is 1.5, want a / b >= 2\n", "2 faults in the chapters")

	o, out = book(t, "# A page\n\n§§§check\nSo.\na = echo 3\nb = echo 2\nwant a / b >= 1.2\nours 2.5\n§§§\n")
	o.Measure = true
	says(t, "-measure shows both results", o, out,
		"chapters/page.md:3: a / b >= 1.2\n\tyours: 1.5 on "+Machine()+"\n\tours:  2.5\n", "")
}

func TestAProgramIsMissing(t *testing.T) {
	o, out := book(t, "# A page\n\n§§§console\n$ no-such-program\n§§§\n\n"+
		"§§§check\nSo.\na = no-such-program\nwant a = 1\n§§§\n")
	const want = `chapters/page.md:4: not run: "no-such-program": no-such-program is not installed
chapters/page.md:7: not run: "no-such-program": no-such-program is not installed
`
	says(t, "a missing program is reported", o, out, want, "")
	o.Required = true
	says(t, "a missing program is a fault if all are required", o, out, strings.ReplaceAll(want, "not run: ", ""),
		"2 faults in the chapters")
}

func TestServersThatDoNotStart(t *testing.T) {
	o, out := book(t, chapterText)
	o.Start = func(context.Context) (*Servers, error) { return nil, errors.New("no server") }
	o.Record = true
	says(t, "without servers nothing can be verified", o, out,
		"chapters/page.md:3: recorded: code/a.go#f is new\n", "no server")
}

func TestMachine(t *testing.T) {
	if m := Machine(); !strings.Contains(m, " processors, Linux ") {
		t.Errorf("the machine is described as %q", m)
	}
}
