package planted

import (
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
	"path"
	"path/filepath"
	"strings"
)

// Compiler finds out whether the packages that a fault edits still compile for the simulated kernel.
// It checks types in this process, which takes a small part of the time of go build.
type Compiler struct {
	root     string
	packages map[string]listed // by import path
	fset     *token.FileSet
	imports  types.Importer
}

// listed is what go list prints of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// module is the path of the module in go.mod.
const module = "threeloops"

// NewCompiler lists the packages of the module at root, and has the go command compile them, or take
// them from its cache.
func NewCompiler(root string) (*Compiler, error) {
	cmd := exec.Command("go", "list", "-tags=sim", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles",
		"./pollserv", "./epollserv", "./forkserv")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	c := &Compiler{root: root, packages: map[string]listed{}, fset: token.NewFileSet()}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		c.packages[p.ImportPath] = p
	}
	c.imports = importer.ForCompiler(c.fset, "gc", func(name string) (io.ReadCloser, error) {
		p, ok := c.packages[name]
		if !ok {
			return nil, fmt.Errorf("no server uses package %s", name)
		}
		return os.Open(p.Export)
	})
	return c, nil
}

// Check reports the errors of the packages that f edits.
func (c *Compiler) Check(f *Fault) error {
	texts, err := f.Edited(c.root)
	if err != nil {
		return err
	}
	dirs := map[string]bool{}
	for name := range texts {
		dirs[path.Dir(name)] = true
	}
	var all []error
	for dir := range dirs {
		all = append(all, c.checkPackage(dir, texts))
	}
	return errors.Join(all...)
}

// checkPackage checks the package in dir, with the given texts in place of its files.
func (c *Compiler) checkPackage(dir string, texts map[string]string) error {
	p, ok := c.packages[module+"/"+dir]
	if !ok {
		return fmt.Errorf("no server has the package %s", dir)
	}
	var files []*ast.File
	used := 0
	for _, name := range p.GoFiles {
		var source any // nil: ParseFile reads the file
		if text, ok := texts[dir+"/"+name]; ok {
			source = text
			used++
		}
		f, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	if used == 0 {
		return fmt.Errorf("%s: no edited file is built with the tag sim", dir)
	}
	var all []error
	cfg := types.Config{Importer: c.imports, Error: func(err error) { all = append(all, err) }}
	cfg.Check(p.ImportPath, c.fset, files, nil) // its error is the first of all
	return errors.Join(all...)
}
