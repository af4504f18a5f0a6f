package annotate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Code holds the packages of a repository, parsed and type-checked.
type Code struct {
	Packages []*Package // sorted by path

	set      *token.FileSet
	files    map[string]*File // by path
	info     types.Info
	external types.Importer
}

// Package is a package with its tests.
type Package struct {
	Dir   string // in the repository: common/ws
	Path  string // its import path
	Name  string
	Files []*File

	listed  *listed
	checked *types.Package
}

// File is a Go file.
type File struct {
	Path    string // in the repository: common/ws/frame.go
	Package *Package
	Text    []byte

	syntax *ast.File
	tok    *token.File
	idents map[int]*ast.Ident // by offset
	html   []string           // its lines as HTML, made at the first request
}

// listed is the go command's description of a package.
type listed struct {
	ImportPath, Dir, Name, Export                      string
	GoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports                 []string
}

// Load reads the packages that patterns name, as the go command understands them in the directory
// root.
func Load(root string, patterns ...string) (*Code, error) {
	local, err := list(root, append([]string{"-json=ImportPath,Dir,Name,GoFiles,IgnoredGoFiles,TestGoFiles," +
		"XTestGoFiles,Imports,TestImports,XTestImports"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	c := &Code{
		set:   token.NewFileSet(),
		files: make(map[string]*File),
		info: types.Info{
			Defs:       make(map[*ast.Ident]types.Object),
			Uses:       make(map[*ast.Ident]types.Object),
			Selections: make(map[*ast.SelectorExpr]*types.Selection),
		},
	}
	for _, l := range local {
		if err := c.parse(root, l); err != nil {
			return nil, err
		}
	}
	if err := c.findExternal(root, local); err != nil {
		return nil, err
	}
	for _, p := range c.Packages {
		if _, err := c.check(p); err != nil {
			return nil, err
		}
	}
	for _, p := range c.Packages {
		c.checkRest(p)
	}
	return c, nil
}

// File returns the file with that path, or nil.
func (c *Code) File(path string) *File { return c.files[path] }

// list runs go list.
func list(root string, args ...string) ([]*listed, error) {
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	// The workspace contains the chapters' module too, whatever GOWORK the user has set. And the
	// pages show programs for Linux, whatever system writes the pages.
	cmd.Env = append(os.Environ(), "GOWORK=", "GOOS=linux", "CGO_ENABLED=0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	var all []*listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		l := new(listed)
		err := d.Decode(l)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, l)
	}
}

// parse reads the files of a package. It opens them as root/..., so that go test notices which
// files a test has read.
func (c *Code) parse(root string, l *listed) error {
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	dir, err := filepath.Rel(abs, l.Dir)
	if err != nil {
		return err
	}
	p := &Package{Dir: filepath.ToSlash(dir), Path: l.ImportPath, Name: l.Name, listed: l}
	for _, name := range slices.Concat(l.GoFiles, l.IgnoredGoFiles, l.TestGoFiles, l.XTestGoFiles) {
		f := &File{Path: p.Dir + "/" + name, Package: p, idents: make(map[int]*ast.Ident)}
		if f.Text, err = os.ReadFile(root + "/" + f.Path); err != nil {
			return err
		}
		f.syntax, err = parser.ParseFile(c.set, f.Path, f.Text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f.tok = c.set.File(f.syntax.FileStart)
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				f.idents[f.tok.Offset(id.Pos())] = id
			}
			return true
		})
		p.Files = append(p.Files, f)
		c.files[f.Path] = f
	}
	slices.SortFunc(p.Files, func(a, b *File) int { return strings.Compare(a.Path, b.Path) })
	c.Packages = append(c.Packages, p)
	return nil
}

// findExternal finds the export data of all packages that ours import from elsewhere.
func (c *Code) findExternal(root string, local []*listed) error {
	var wanted []string
	inside := make(map[string]bool)
	for _, l := range local {
		inside[l.ImportPath] = true
	}
	for _, l := range local {
		for _, path := range slices.Concat(l.Imports, l.TestImports, l.XTestImports) {
			if !inside[path] && path != "unsafe" && path != "C" {
				inside[path] = true
				wanted = append(wanted, path)
			}
		}
	}
	places := make(map[string]string)
	if wanted != nil { // without names the go command would list the current directory's package
		exports, err := list(root, append([]string{"-export", "-deps", "-json=ImportPath,Export"}, wanted...)...)
		if err != nil {
			return err
		}
		for _, l := range exports {
			places[l.ImportPath] = l.Export
		}
	}
	c.external = importer.ForCompiler(c.set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(places[path])
	})
	return nil
}

// Import makes Code a types.Importer. It checks one of our packages when that is first imported.
func (c *Code) Import(path string) (*types.Package, error) {
	for _, p := range c.Packages {
		if p.Path == path {
			return c.check(p)
		}
	}
	return c.external.Import(path)
}

// check type-checks a package without its tests.
func (c *Code) check(p *Package) (*types.Package, error) {
	if p.checked == nil {
		config := types.Config{Importer: c}
		var err error
		if p.checked, err = config.Check(p.Path, c.set, p.syntax(p.listed.GoFiles), &c.info); err != nil {
			return nil, err
		}
	}
	return p.checked, nil
}

// checkRest type-checks the tests of a package, and the files that the build for this system leaves
// out. Those define names again that other files have defined, so it ignores errors. An identifier
// that it can't resolve gets no link.
func (c *Code) checkRest(p *Package) {
	config := types.Config{Importer: c, Error: func(error) {}}
	if p.listed.IgnoredGoFiles != nil {
		config.Check(p.Path, c.set, p.syntax(slices.Concat(p.listed.GoFiles, p.listed.IgnoredGoFiles)), &c.info)
	}
	with := p.checked
	if p.listed.TestGoFiles != nil {
		files := p.syntax(slices.Concat(p.listed.GoFiles, p.listed.TestGoFiles))
		with, _ = config.Check(p.Path, c.set, files, &c.info)
	}
	if p.listed.XTestGoFiles != nil {
		config.Importer = instead{c, with}
		config.Check(p.Path+"_test", c.set, p.syntax(p.listed.XTestGoFiles), &c.info)
	}
}

// instead imports one package together with what its tests add.
type instead struct {
	*Code
	one *types.Package
}

func (i instead) Import(path string) (*types.Package, error) {
	if path == i.one.Path() {
		return i.one, nil
	}
	return i.Code.Import(path)
}

func (p *Package) syntax(names []string) []*ast.File {
	var files []*ast.File
	for _, f := range p.Files {
		if slices.Contains(names, filepath.Base(f.Path)) {
			files = append(files, f.syntax)
		}
	}
	return files
}
