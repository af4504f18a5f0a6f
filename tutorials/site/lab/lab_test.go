package lab

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/simulation/gallery"
)

// repository returns the root of the repository. It opens the sources of all programs by a name that
// begins with this module's: only of such files go test notices that they have changed.
func repository(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	root := here + "/../../.."
	tops := []string{"common", "go.mod"}
	for _, p := range programs {
		tops = append(tops, p.folder)
	}
	for _, top := range tops {
		err := fs.WalkDir(os.DirFS(root), top, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f, err := os.Open(root + "/" + name)
			if err != nil {
				return err
			}
			return f.Close()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func readStatus(t *testing.T, site string) (s status) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(site, "lab", "ready.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// The statement stands in NewConn, where fd and c are what the statement says, and no line moves.
func TestTheOverlayApplies(t *testing.T) {
	name := repository(t) + "/" + observedFile
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	after, err := observe(string(before))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := bytes.Count(before, []byte("\n")), strings.Count(after, "\n"); a != b {
		t.Errorf("the file has %d lines with the statement, and %d without", b, a)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, after, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := ""
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "ObserveConn" {
				found = f.Name.Name
			}
			return true
		})
	}
	if found != "NewConn" {
		t.Errorf("the statement is in %q, want NewConn", found)
	}
}

func TestTheOverlayNeedsItsLineOnce(t *testing.T) {
	for _, text := range []string{"", unobserved + unobserved} {
		if got, err := observe(text); err == nil {
			t.Errorf("%q becomes %q, want an error", text, got)
		}
	}
}

// The first build fills the cache, and the second takes everything from there.
func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short, no program is built for the browser")
	}
	root := repository(t)
	kept := cache(t.TempDir())
	var first map[string][]byte
	for _, about := range []string{"without a cache", "from the cache"} {
		site := filepath.Join(t.TempDir(), "site")
		begun := time.Now()
		if err := build(t.Context(), root, site, kept); err != nil {
			t.Fatalf("%s: %v", about, err)
		}
		t.Logf("%s: %v", about, time.Since(begun))
		if d := cmp.Diff(status{true, "", Servers}, readStatus(t, site)); d != "" {
			t.Errorf("%s, ready.json (-want +got):\n%s", about, d)
		}
		all := filesIn(t, filepath.Join(site, "lab"))
		for _, p := range programs {
			checkProgram(t, p.name, all[p.name+".wasm.gz"])
		}
		var examples []gallery.Example
		if err := json.Unmarshal(all["gallery.json"], &examples); err != nil || len(examples) < 20 {
			t.Errorf("%s, the gallery has %d examples (%v)", about, len(examples), err)
		}
		if !bytes.Contains(all["wasm_exec.js"], []byte("globalThis.Go = class")) {
			t.Errorf("%s: wasm_exec.js doesn't define Go", about)
		}
		if left, _ := os.ReadDir(filepath.Dir(site)); len(left) != 1 {
			t.Errorf("%s: beside the site, there are %v", about, left)
		}
		if first != nil && !cmp.Equal(first, all) {
			t.Errorf("%s the files differ", about)
		}
		first = all
	}
}

// mostBytes is how many compressed bytes a program may have: a reader waits for them.
const mostBytes = 2_300_000

func checkProgram(t *testing.T, name string, compressed []byte) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	text, err := io.ReadAll(z)
	if err != nil || !bytes.HasPrefix(text, []byte("\x00asm")) {
		t.Errorf("%s isn't WebAssembly: it begins with %q (%v)", name, text[:min(4, len(text))], err)
	}
	if len(compressed) > mostBytes {
		t.Errorf("%s has %d bytes, want at most %d", name, len(compressed), mostBytes)
	}
}

func filesIn(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// A build that fails says so on the page, without the names of this machine's files.
func TestABuildThatFails(t *testing.T) {
	root, site := t.TempDir(), filepath.Join(t.TempDir(), "site")
	example := filepath.Join(root, "common/simulation/gallery/01-none.txt")
	if err := os.MkdirAll(filepath.Dir(example), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "# title: None\n# topic: waiting\n# question: Why?\n# answer: So.\n# servers: pollserv\n# shows: A got nothing at 1ms\n\nat 1ms A connects\n"
	if err := os.WriteFile(example, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Build(t.Context(), root, site)
	if err == nil || !strings.Contains(err.Error(), "conn.go") {
		t.Errorf("got the error %v, want one about conn.go", err)
	}
	s := readStatus(t, site)
	if s.Ready || !strings.Contains(s.Why, "couldn't be built") || strings.Contains(s.Why, root) {
		t.Errorf("the page says %+v", s)
	}
}

func TestABuildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	site := filepath.Join(t.TempDir(), "site")
	if err := Build(ctx, repository(t), site); err != context.Canceled {
		t.Errorf("got the error %v, want %v", err, context.Canceled)
	}
	if s := readStatus(t, site); s.Ready {
		t.Error("the page says that the lab is ready")
	}
}

// A program's key changes with its sources, its imports and the settings, and with nothing else.
func TestAKeyDependsOnTheSources(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", "package main")
	write("page.html", "hello")
	write("used.go", "package used")
	write("other.go", "package other")
	s := &sources{settings: "go1.26", packages: map[string]*pkg{
		"fmt":   {ImportPath: "fmt", Dir: dir, Standard: true, GoFiles: []string{"missing.go"}},
		"used":  {ImportPath: "used", Dir: dir, GoFiles: []string{"used.go"}},
		"other": {ImportPath: "other", Dir: dir, GoFiles: []string{"other.go"}},
	}}
	p := program{name: "main"}
	s.main = map[string]*pkg{"main": {ImportPath: "main", Dir: dir, Deps: []string{"fmt", "used"},
		GoFiles: []string{"main.go"}, EmbedFiles: []string{"page.html"}}}
	key := func() string {
		t.Helper()
		k, err := s.key(p)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	old := key()
	write("other.go", "package other // changed")
	if key() != old {
		t.Error("a package that isn't imported changes the key")
	}
	for _, name := range []string{"main.go", "page.html", "used.go"} {
		before := key()
		write(name, "changed")
		if key() == before {
			t.Errorf("a change of %s doesn't change the key", name)
		}
	}
	before := key()
	s.settings = "go1.27"
	if key() == before {
		t.Error("another version of Go doesn't change the key")
	}
}

func TestTheCacheKeepsWhatWasUsedLast(t *testing.T) {
	c := cache(t.TempDir())
	for i, name := range []string{"a", "b", "c"} {
		file := c.file(program{name: name}, "1")
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(time.Duration(i-10) * time.Hour)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	for name, age := range map[string]time.Duration{".new-1": 2 * time.Hour, ".new-2": 0} {
		file := filepath.Join(string(c), name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(t.TempDir(), "a.wasm.gz")
	if !c.get(program{name: "a"}, "1", to) || c.get(program{name: "a"}, "2", to) {
		t.Error("the cache must have the program under its key only")
	}
	c.trim(2)
	var got []string
	for name := range filesIn(t, string(c)) {
		short, _, _ := strings.Cut(name, "-1.")
		got = append(got, short)
	}
	if d := cmp.Diff([]string{".new-2", "a", "c"}, slices.Sorted(slices.Values(got))); d != "" {
		t.Errorf("b is the oldest, because a was used; no process writes .new-1 any more (-want +got):\n%s", d)
	}
	if text, err := os.ReadFile(to); string(text) != "a" {
		t.Errorf("the copy is %q (%v)", text, err)
	}
}
