package quote

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goFile has marks. In this source they don't look like marks, because Unused searches this file
// too.
var goFile = strings.ReplaceAll(`package p

// T is a type.
type T struct{}

// run is T's.
func (t *T) run() {
	a()
	//MARK:middle
	b()
	c()
	//MARK:end
}

type U[X any] struct{}

func (U[X]) run() {}
func (U[X]) stop() {}

const (
	one = 1
	two = 2
)
`, "MARK", "quote")

// repository makes a repository with these files.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	root := repository(t, map[string]string{
		"p/p.go": goFile,
		"conf":   "first\n# quote:no\n#quote:part\nsecond\n#quote:end\n",
	})
	for _, c := range []struct {
		about, reference string
		doc              bool
		want             Region
	}{
		{"a method by its full name", "p/p.go#T.run", false,
			Region{Name: "T.run", First: 7, Last: 13, Text: "func (t *T) run() {\n\ta()\n\tb()\n\tc()\n}\n"}},
		{"a method by its bare name", "p/p.go#stop", false,
			Region{Name: "U.stop", First: 18, Last: 18, Text: "func (U[X]) stop() {}\n"}},
		{"a type with its comment", "p/p.go#T", true,
			Region{Name: "T", First: 3, Last: 4, Text: "// T is a type.\ntype T struct{}\n"}},
		{"a group by its second name", "p/p.go#two", false,
			Region{Name: "two", First: 20, Last: 23, Text: "const (\n\tone = 1\n\ttwo = 2\n)\n"}},
		{"a mark", "p/p.go#middle", false,
			Region{Name: "middle", Marked: true, First: 10, Last: 11, Text: "\tb()\n\tc()\n"}},
		{"a mark in a file of another language", "conf#part", false,
			Region{Name: "part", Marked: true, First: 4, Last: 4, Text: "second\n"}},
		{"a whole file, without its marks", "conf", false,
			Region{First: 1, Last: 5, Text: "first\n# quote:no\nsecond\n"}},
	} {
		got, err := Find(root, c.reference, c.doc)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		c.want.Path, _, _ = strings.Cut(c.reference, "#")
		if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.about, d)
		}
	}
}

func TestFindSaysWhatIsWrong(t *testing.T) {
	root := repository(t, map[string]string{
		"p/p.go":      goFile,
		"nested":      "//quote:a\n//quote:b\n//quote:end\n",
		"endless":     "\n//quote:a\n",
		"beginning":   "//quote:end\n",
		"twice":       "//quote:a\n//quote:end\n//quote:a\n//quote:end\n",
		"broken/b.go": "package\n",
	})
	for reference, want := range map[string]string{
		"p/q.go#T":      "there is no file p/q.go",
		"../p.go#T":     `"../p.go" is not a path in the repository`,
		"p/p.go#gone":   "p/p.go has no declaration and no mark called gone",
		"p/p.go#run":    "p/p.go has 2 declarations or marks called run: name one, like Type.method",
		"nested#a":      "nested:2: this mark is within the mark of line 1",
		"endless#a":     "endless:2: this mark has no quote:end",
		"beginning#a":   "beginning:1: this quote:end has no mark before it",
		"twice#a":       "twice has 2 declarations or marks called a: name one, like Type.method",
		"broken/b.go#a": "broken/b.go:1:9: expected 'IDENT', found 'EOF'",
	} {
		if _, err := Find(root, reference, false); err == nil || err.Error() != want {
			t.Errorf("%s gives the error\n%v, want\n%s", reference, err, want)
		}
	}
}

func TestUnused(t *testing.T) {
	root := repository(t, map[string]string{
		"p/p.go":          goFile,
		"p/q.c":           "//quote:other\n//quote:end\n",
		"p/testdata/x.go": "//quote:data\n//quote:end\n",
		"q/elsewhere.go":  "//quote:elsewhere\n//quote:end\n",
	})
	var got []string
	for _, err := range Unused(root, []string{"p"}, map[string]bool{"p/p.go#middle": true}) {
		got = append(got, err.Error())
	}
	if d := cmp.Diff([]string{"p/q.c:1: no chapter quotes the mark other"}, got); d != "" {
		t.Errorf("wrong list of unused marks (-want +got):\n%s", d)
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quotes.lock")
	l, err := ReadLock(path)
	if err != nil {
		t.Fatalf("a missing lock file must count as empty: %v", err)
	}
	texts := map[string]string{
		"p/p.go#T": "type T struct{}\n", "p/p.go#blank": "\n\n| a bar\n \ttrailing \t\n\n",
	}
	for reference, text := range texts {
		l.Set("one", reference, text)
	}
	l.Set("two", "p/p.go#T", "gone\n")
	l.Remove("two", "p/p.go#T")
	l.Set("three", "p/p.go#T", "")
	if err := l.Write(path); err != nil {
		t.Fatal(err)
	}
	if l, err = ReadLock(path); err != nil {
		t.Fatal(err)
	}
	for reference, want := range texts {
		if got, ok := l.Reviewed("one", reference); !ok || got != want {
			t.Errorf("%s is read back as %q, want %q", reference, got, want)
		}
	}
	if d := cmp.Diff([]string{"one", "three"}, l.Chapters()); d != "" {
		t.Errorf("wrong chapters (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"p/p.go#blank"}, l.Stale("one", []string{"p/p.go#T"})); d != "" {
		t.Errorf("wrong stale references (-want +got):\n%s", d)
	}

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "type T", "type V", 1)
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	want := path + ": the text of p/p.go#T in one doesn't match its checksum: run “go run ./tutorials verify -record”"
	if _, err := ReadLock(path); err == nil || err.Error() != want {
		t.Errorf("a lock that was edited gives %v, want %s", err, want)
	}
}

func TestDifference(t *testing.T) {
	if d := cmp.Diff("\t-b\n\t+x\n\t+y", Difference("a\nb\nc\n", "a\nx\ny\nc\n")); d != "" {
		t.Error(d)
	}
}
