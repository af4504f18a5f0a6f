package annotate

import (
	"html"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository returns the root of the repository by a name that begins with this module's directory.
// go test notices changes only in files with such names.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := dir + "/../../.."
	for _, top := range []string{"common", "forkserv", "pollserv", "epollserv"} {
		err := fs.WalkDir(os.DirFS(root), top, func(_ string, _ fs.DirEntry, err error) error { return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var load = sync.OnceValues(func() (*Code, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return Load(dir+"/../../..", "./common/...", "./forkserv", "./pollserv", "./epollserv")
})

func loaded(t *testing.T) *Code {
	t.Helper()
	repository(t)
	c, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.files) < 100 {
		t.Fatalf("found only %d files", len(c.files))
	}
	return c
}

// module writes files into a new module and loads it.
func module(t *testing.T, files map[string]string) *Code {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26\n"
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(dir, "./...")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var tag = regexp.MustCompile(`<[^>]*>`)

// text removes the markup from HTML.
func text[T ~string](markup T) string {
	return html.UnescapeString(tag.ReplaceAllString(string(markup), ""))
}

func TestMarkupChangesNoText(t *testing.T) {
	c := loaded(t)
	for path, f := range c.files {
		got := text(c.Lines(f, 1, f.LineCount(), true))
		if d := cmp.Diff(string(f.Text), got); d != "" {
			t.Errorf("%s: the page's code without markup must be the file (-file +page):\n%s", path, d)
		}
	}
}

func TestEveryLineStandsOnce(t *testing.T) {
	c := loaded(t)
	for path, f := range c.files {
		next := 1
		lines := strings.Split(string(f.Text), "\n")
		for _, p := range append(c.Parts(f), Part{First: f.LineCount() + 1, Last: f.LineCount()}) {
			if p.First > p.Last && p.First <= f.LineCount() {
				continue // a comment alone; its lines are checked with the next part
			}
			if p.First < next {
				t.Errorf("%s: line %d is in two parts", path, p.First)
			}
			for n := next; n < p.First; n++ {
				if l := lines[n-1]; l != "" && !strings.HasPrefix(l, "//") {
					t.Errorf("%s:%d: no part has this line of code: %s", path, n, l)
				}
			}
			next = p.Last + 1
		}
	}
}

func TestIDsAreUniqueInAFile(t *testing.T) {
	c := loaded(t)
	for path, f := range c.files {
		seen := make(map[string]bool)
		for _, p := range c.Parts(f) {
			if p.ID != "" && seen[p.ID] {
				t.Errorf("%s: two parts have the id %s", path, p.ID)
			}
			seen[p.ID] = true
		}
	}
}

func TestIdentifiersLeadToTheirDefinitions(t *testing.T) {
	c := module(t, map[string]string{
		"a/a.go": `// Package a is first.
package a

// T is known to b. See [T.Method].
type T struct{ Field int }

// Method does nothing.
func (T) Method() {}

const hidden = 1

func init() {}
func init() {}
`,
		"b/b.go": `package b

import (
	"time"

	"example/a"
)

func use(t a.T) time.Time {
	local := t.Field
	t.Method()
	local++
	return time.Now().Round(time.Hour)
}

//go:noinline
func with() string { return "<b>" }
`,
		"b/b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { with() }\n\nvar Forth = with\n",
		"b/outer_test.go": "package b_test\n\n" +
			"import (\n\t\"testing\"\n\t\"example/a\"\n\t\"example/b\"\n)\n\n" +
			"var _ = testing.Short\nvar _ a.T\nvar _ = b.Forth\n",
		"b/left_out.go": "//go:build never\n\npackage b\n\nfunc more() { with() }\n",
	})
	links := func(path string) map[string]string {
		all := make(map[string]string)
		f := c.File(path)
		for _, m := range regexp.MustCompile(`<a href="([^"]*)">(\w+)</a>`).FindAllStringSubmatch(
			string(c.Lines(f, 1, f.LineCount(), false)), -1) {
			all[m[2]] = m[1]
		}
		return all
	}
	for _, want := range []struct {
		path  string
		links map[string]string
	}{
		{"b/b.go", map[string]string{
			"a": "/source/#a", "T": "/source/a/a.go.html#L5", "Field": "/source/a/a.go.html#L5",
			"Method": "/source/a/a.go.html#L8", "time": "https://pkg.go.dev/time",
			"Time": "https://pkg.go.dev/time#Time", "Now": "https://pkg.go.dev/time#Now",
			"Round": "https://pkg.go.dev/time#Time.Round", "Hour": "https://pkg.go.dev/time#Hour",
		}},
		{"b/b_test.go", map[string]string{
			"testing": "https://pkg.go.dev/testing", "T": "https://pkg.go.dev/testing#T",
			"with": "/source/b/b.go.html#L17",
		}},
		{"b/outer_test.go", map[string]string{
			"testing": "https://pkg.go.dev/testing", "Short": "https://pkg.go.dev/testing#Short",
			"a": "/source/#a", "T": "/source/a/a.go.html#L5",
			"b": "/source/#b", "Forth": "/source/b/b_test.go.html#L7",
		}},
		{"b/left_out.go", map[string]string{"with": "/source/b/b.go.html#L17"}},
	} {
		if d := cmp.Diff(want.links, links(want.path)); d != "" {
			t.Errorf("wrong links in %s (-want +got):\n%s", want.path, d)
		}
	}
	parts := c.Parts(c.File("a/a.go"))
	var ids []string
	for _, p := range parts {
		ids = append(ids, p.ID)
	}
	want := []string{"", "go-T", "go-T.Method", "go-hidden", "go-init", "go-init-2"}
	if d := cmp.Diff(want, ids); d != "" {
		t.Errorf("wrong parts of a/a.go (-want +got):\n%s", d)
	}
	const link = `<a href="/source/a/a.go.html#go-T.Method">T.Method</a>`
	if !strings.Contains(string(parts[1].Prose), link) {
		t.Errorf("[T.Method] in a comment isn't a link: %s", parts[1].Prose)
	}
	if s, _ := c.Synopsis(c.Packages[0]); s != "Package a is first." {
		t.Errorf("the package's synopsis is %q", s)
	}
}

func TestABrokenPackageIsAnError(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example\n",
		"a.go":   "package a\n\nvar x int = \"\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(dir, "./..."); err == nil || !strings.Contains(err.Error(), "a.go:3:13: cannot use") {
		t.Errorf("code that doesn't compile gives %v", err)
	}
}
