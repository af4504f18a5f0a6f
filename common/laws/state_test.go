package laws

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// fixed are types whose values a package-level variable may point to: nothing changes them.
var fixed = []string{"Error", "RangeTable"}

// breaker breaks the table of phases on purpose, to see that the tests notice.
const breaker = "../../common/session/export_test.go"

// currentThread is the one variable that changes. The simulated kernel runs one thread at a time, of
// all kernels of the process, and Go has no variables of a goroutine.
const currentThread = "current"

// Two servers in one process, or two simulated ones, must not share anything. So no variable
// of a package is changed after it was initialised, by tests neither, and none points to
// something that is made to be changed.
func TestNoPackageLevelVariableIsChanged(t *testing.T) {
	for dir := range below {
		paths, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(paths), err)
		}
		set := token.NewFileSet()
		var files []*ast.File
		variables := map[string]*ast.ValueSpec{}
		for _, path := range paths {
			f, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			if path != breaker {
				files = append(files, f)
			}
			for _, spec := range packageVariables(f) {
				for _, name := range spec.Names {
					variables[name.Name] = spec
				}
				if typ := pointsTo(spec); typ != "" && !slices.Contains(fixed, typ) {
					t.Errorf("%s: a package-level variable points to a %s", set.Position(spec.Pos()), typ)
				}
			}
		}
		for _, f := range files {
			for _, id := range changed(f) {
				if dir == "common/sim" && id.Name == currentThread {
					continue
				}
				if spec := variables[id.Name]; spec != nil && (id.Obj == nil || id.Obj.Decl == spec) {
					t.Errorf("%s: the package-level variable %s is changed", set.Position(id.Pos()), id.Name)
				}
			}
		}
	}
}

// packageVariables are the specifications of a file's package-level variables.
func packageVariables(f *ast.File) (specs []*ast.ValueSpec) {
	for _, d := range f.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
			for _, spec := range d.Specs {
				specs = append(specs, spec.(*ast.ValueSpec))
			}
		}
	}
	return specs
}

// pointsTo is the type of &T{...} or new(T) that a variable is initialised with, or "".
func pointsTo(spec *ast.ValueSpec) string {
	for _, v := range spec.Values {
		switch v := v.(type) {
		case *ast.UnaryExpr:
			if lit, ok := v.X.(*ast.CompositeLit); ok && v.Op == token.AND {
				return base(lit.Type).Name
			}
		case *ast.CallExpr:
			if f, ok := v.Fun.(*ast.Ident); ok && f.Name == "new" {
				return base(v.Args[0]).Name
			}
		}
	}
	return ""
}

// changed are the variables that something is assigned to, wholly or in part.
func changed(f *ast.File) (all []*ast.Ident) {
	add := func(e ast.Expr) {
		if id := base(e); id != nil && id.Name != "_" {
			all = append(all, id)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					add(e)
				}
			}
		case *ast.IncDecStmt:
			add(n.X)
		}
		return true
	})
	return all
}

// base is the variable that an expression is, or is part of; of pkg.Name it is Name.
func base(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return base(e.X)
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Obj == nil && ast.IsExported(e.Sel.Name) {
			return e.Sel
		}
		return base(e.X)
	case *ast.ParenExpr:
		return base(e.X)
	case *ast.StarExpr:
		return base(e.X)
	}
	return nil
}
