package laws

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// below lists, for each package, which others of this module it may import: the
// arrows of the drawing in ARCHITECTURE.md.
var below = map[string][]string{
	"common/http1":   {},
	"common/ws":      {},
	"common/outq":    {},
	"common/stat":    {},
	"common/hub":     {},
	"common/session": {"common/http1", "common/ws", "common/outq", "common/stat"},
	"common/app":     {"common/session", "common/hub", "common/http1", "common/ws", "common/outq", "common/stat"},
	"common/sim":     {},
	"common/sys":     {"common/sim"},
	"common/docroot": {"common/outq", "common/sys"},
	"common/conn":    {"common/session", "common/outq", "common/stat", "common/sys"},
	"common/server":  {"common/app", "common/conn", "common/docroot", "common/session", "common/hub", "common/stat", "common/sys"},
	"epollserv":      {"common/server", "common/conn", "common/session", "common/hub", "common/stat", "common/sys"},
	"pollserv":       {"common/server", "common/conn", "common/session", "common/hub", "common/stat", "common/sys"},
	"forkserv":       {"common/server", "common/conn", "common/session", "common/hub", "common/stat", "common/sys"},

	"common/simulation/gallery": {}, // no server's: the course and the tests read it
}

// testOnly are packages that only tests may import.
var testOnly = []string{"common/tracetest", "common/conformance", "common/conformance/inmemory", "common/processtest", "common/roomtest", "common/simtest", "common/simulation", "common/simulation/planted", "common/laws"}

// core are the packages that know neither sockets nor time.
var core = []string{"common/http1", "common/ws", "common/outq", "common/hub", "common/session", "common/app"}

// worldly are packages with which the core would reach the outside.
var worldly = []string{"net", "os", "syscall", "golang.org/x/sys/unix", "mime", "crypto/rand", "log"}

// clock are functions that look at the clock, or wait.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// lowlevel may use package unsafe.
var lowlevel = []string{"common/sys/raw_linux.go", "forkserv/board.go", "common/sim/clock.go"}

// long may have functions of any length: tables and a parser's switch.
var long = []string{"contentType"}

type source struct {
	path, dir string
	file      *ast.File
	set       *token.FileSet
	lines     int
}

func TestImportsFollowTheDrawing(t *testing.T) {
	for _, s := range sources(t) {
		allowed, known := below[s.dir]
		if !known && !slices.Contains(testOnly, s.dir) {
			t.Errorf("%s: package %s is not in the drawing", s.path, s.dir)
		}
		for _, imp := range s.imports() {
			inside, ok := strings.CutPrefix(imp, "threeloops/")
			switch {
			case ok && known && !slices.Contains(allowed, inside):
				t.Errorf("%s imports %s, against the drawing", s.path, imp)
			case (imp == "golang.org/x/sys/unix" || imp == "syscall") && known && s.dir != "common/sys":
				t.Errorf("%s imports %s: system calls are made by common/sys", s.path, imp)
			case imp == "unsafe" && known && !slices.Contains(lowlevel, s.path):
				t.Errorf("%s imports unsafe", s.path)
			case known && strings.Contains(imp, ".") && imp != "golang.org/x/sys/unix":
				t.Errorf("%s imports %s: the servers' only dependency is golang.org/x/sys", s.path, imp)
			}
		}
	}
}

// libc are packages by which a program is linked with the C library where there
// is a C compiler: then each child of forkserv takes half as long again to start.
var libc = []string{"net", "os/user", "plugin", "C"}

func TestNoServerIsLinkedWithTheCLibrary(t *testing.T) {
	for _, s := range sources(t) {
		if _, known := below[s.dir]; !known {
			continue
		}
		for _, imp := range s.imports() {
			if slices.Contains(libc, imp) {
				t.Errorf("%s imports %s", s.path, imp)
			}
		}
	}
}

func TestTheCoreKnowsNeitherSocketsNorTime(t *testing.T) {
	for _, s := range sources(t) {
		if !slices.Contains(core, s.dir) {
			continue
		}
		for _, imp := range s.imports() {
			if top, _, _ := strings.Cut(imp, "/"); slices.Contains(worldly, imp) || slices.Contains(worldly, top) {
				t.Errorf("%s imports %s", s.path, imp)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a go statement", s.at(n))
			case *ast.SelectorExpr:
				x, _ := n.X.(*ast.Ident)
				if x != nil && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
					t.Errorf("%s: time.%s: time is an argument", s.at(n), n.Sel.Name)
				}
				if x != nil && x.Name == "fmt" && strings.HasPrefix(n.Sel.Name, "Print") {
					t.Errorf("%s: fmt.%s", s.at(n), n.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestTheCoreBuildsForABrowser(t *testing.T) {
	args := []string{"build", "-o", os.DevNull}
	for _, p := range core {
		args = append(args, "threeloops/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go build for js/wasm: %v\n%s", err, out)
	}
}

// portable are the packages that compile, with their tests, on systems without Linux's calls.
var portable = append([]string{"common/outq", "common/stat", "common/tracetest"}, core...)

func TestThePortablePackagesCompileElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles the standard library for two other systems")
	}
	for _, goos := range []string{"darwin", "windows"} {
		args := []string{"vet"}
		for _, p := range portable {
			args = append(args, "threeloops/"+p)
		}
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("GOOS=%s go vet: %v\n%s", goos, err, out)
		}
	}
}

func TestFunctionsFitAScreenAndFilesAChapter(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > 400 {
			t.Errorf("%s has %d lines, more than 400", s.path, s.lines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || slices.Contains(long, f.Name.Name) {
				continue
			}
			most := 60
			if strings.HasSuffix(s.dir, "serv") && (f.Name.Name == "run" || f.Name.Name == "settle") {
				most = 30
			}
			if n := s.set.Position(f.End()).Line - s.set.Position(f.Pos()).Line + 1; n > most {
				t.Errorf("%s: %s has %d lines, more than %d", s.at(f), f.Name.Name, n, most)
			}
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
					t.Errorf("%s: %s has no doc comment", s.at(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					s.documented(t, d, spec)
				}
			}
		}
	}
}

func (s source) documented(t *testing.T, d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
			t.Errorf("%s: %s has no doc comment", s.at(spec), spec.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			if n.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				t.Errorf("%s: %s has no doc comment", s.at(spec), n.Name)
			}
		}
	}
}

func TestEveryPackageIsExplained(t *testing.T) {
	docs, examples := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		docs[s.dir] = docs[s.dir] || filepath.Base(s.path) == "doc.go" && s.file.Doc != nil
		tests, _ := filepath.Glob(filepath.Join(root, s.dir, "*_test.go"))
		for _, path := range tests {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			examples[s.dir] = examples[s.dir] || bytes.Contains(text, []byte("\nfunc Example"))
		}
	}
	for dir, ok := range docs {
		if !ok {
			t.Errorf("%s has no doc.go that explains it", dir)
		}
		program := strings.HasSuffix(dir, "serv")
		if !examples[dir] && !program && dir != "common/laws" {
			t.Errorf("%s has no Example", dir)
		}
	}
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	// heap.Interface's methods say what they are by their names.
	return ok && id.IsExported()
}

func TestTheTwoLoopsDifferInPollAndEpollOnly(t *testing.T) {
	poll, epoll := code(t, "pollserv/loop.go"), code(t, "epollserv/loop.go")
	common := longestCommon(poll, epoll)
	const most = 90
	if n := len(poll) - common; n > most {
		t.Errorf("pollserv/loop.go has %d lines that epollserv/loop.go has not, more than %d", n, most)
	}
	if n := len(epoll) - common; n > most {
		t.Errorf("epollserv/loop.go has %d lines that pollserv/loop.go has not, more than %d", n, most)
	}
	t.Logf("lines of code: pollserv %d, epollserv %d, the same %d", len(poll), len(epoll), common)
}

// code returns the lines of a file without comments and blank lines.
func code(t *testing.T, path string) []string {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for l := range bytes.Lines(text) {
		before, _, _ := strings.Cut(string(l), "//")
		if l := strings.TrimSpace(before); l != "" {
			lines = append(lines, l)
		}
	}
	return lines
}

// longestCommon is the length of the longest common subsequence of a and b.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			left, above := row[j], row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(left, above)
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.set.Position(n.Pos()).Line)
}

func (s source) imports() []string {
	var list []string
	for _, i := range s.file.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		list = append(list, path)
	}
	return list
}

func parse(path string, text []byte) (source, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	return source{path: path, dir: filepath.Dir(path), file: f, set: set, lines: set.File(f.Pos()).LineCount()}, nil
}

// sources parses all non-test files of this module.
func sources(t *testing.T) []source {
	var all []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(root, path)
		if err != nil || d.IsDir() && (rel == "tutorials" || rel == ".git") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s, err := parse(rel, text)
		all = append(all, s)
		return err
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("found %d files: %v", len(all), err)
	}
	return all
}
