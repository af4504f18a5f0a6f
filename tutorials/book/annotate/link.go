package annotate

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// PageOf returns the address, on our site, of the page for the file with that path.
func PageOf(path string) string { return "/source/" + path + ".html" }

// target returns the address for an identifier: a line of one of our pages, or a place on
// pkg.go.dev. It returns "" for a name that is local to a function, predeclared, or being defined
// here.
func (c *Code) target(id *ast.Ident) string {
	obj := c.info.Uses[id]
	if obj == nil || obj.Pkg() == nil {
		return ""
	}
	if name, ok := obj.(*types.PkgName); ok {
		return c.packageTarget(name.Imported().Path())
	}
	if !lasting(obj) {
		return ""
	}
	if f := c.at(obj.Pos()); f != nil {
		return PageOf(f.Path) + "#L" + strconv.Itoa(f.tok.Line(obj.Pos()))
	}
	if !obj.Exported() || strings.HasPrefix(obj.Pkg().Path(), "internal/") {
		return ""
	}
	return c.packageTarget(obj.Pkg().Path()) + "#" + member(obj)
}

// packageTarget returns the address of a package's description.
func (c *Code) packageTarget(path string) string {
	for _, p := range c.Packages {
		if p.Path == path {
			return "/source/#" + p.ID()
		}
	}
	return "https://pkg.go.dev/" + path
}

// ID is the package's name in the index of sources.
func (p *Package) ID() string { return strings.ReplaceAll(p.Dir, "/", "-") }

// at returns the file of ours that contains a position, or nil.
func (c *Code) at(pos token.Pos) *File {
	if tok := c.set.File(pos); tok != nil {
		if f := c.files[tok.Name()]; f != nil && f.tok == tok {
			return f
		}
	}
	return nil
}

// lasting reports whether an object is more than a name within a function.
func lasting(obj types.Object) bool {
	switch obj := obj.(type) {
	case *types.Var:
		return obj.IsField() || obj.Parent() == obj.Pkg().Scope()
	case *types.Func:
		return true
	}
	return obj.Parent() == obj.Pkg().Scope()
}

// member returns pkg.go.dev's name for an object of a package: Time, Time.IsZero.
func member(obj types.Object) string {
	f, ok := obj.(*types.Func)
	if !ok {
		return obj.Name() // a link for a field leads to the top of the package
	}
	if recv := f.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		if n, ok := t.(*types.Named); ok {
			return n.Obj().Name() + "." + f.Name()
		}
	}
	return f.Name()
}
