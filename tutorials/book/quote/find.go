package quote

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strings"

	"threeloops/tutorials/book/annotate"
)

// Region is a named piece of a file.
type Region struct {
	Path        string // in the repository
	Name        string // full name of the declaration, or name of the mark; "" for a whole file
	Marked      bool   // whether comments mark it
	First, Last int    // line numbers
	Text        string // those lines without marks, each with its newline
}

// Find reads the region that a reference names, in the repository at root. If doc is true, the
// region of a declaration includes its comment.
func Find(root, reference string, doc bool) (*Region, error) {
	path, name, named := strings.Cut(reference, "#")
	if !fs.ValidPath(path) {
		return nil, fmt.Errorf("%q is not a path in the repository", path)
	}
	text, err := os.ReadFile(root + "/" + path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, err
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	r := &Region{Path: path, Name: name, First: 1, Last: len(lines)}
	if named {
		if err := r.locate(text, lines, doc); err != nil {
			return nil, err
		}
	}
	for _, l := range lines[r.First-1 : r.Last] {
		if !mark.MatchString(l) {
			r.Text += strings.TrimSuffix(l, "\n") + "\n"
		}
	}
	return r, nil
}

// Reference returns the full reference of a region.
func (r *Region) Reference() string {
	if r.Name == "" {
		return r.Path
	}
	return r.Path + "#" + r.Name
}

func (r *Region) locate(text []byte, lines []string, doc bool) error {
	found, err := declarations(r.Path, text, r.Name, doc)
	if err != nil {
		return err
	}
	marked, err := marks(r.Path, lines)
	if err != nil {
		return err
	}
	for _, m := range marked {
		if m.Name == r.Name {
			found = append(found, m)
		}
	}
	switch {
	case len(found) == 0:
		return fmt.Errorf("%s has no declaration and no mark called %s", r.Path, r.Name)
	case len(found) > 1:
		return fmt.Errorf("%s has %d declarations or marks called %s: name one, like Type.method", r.Path, len(found), r.Name)
	}
	*r = found[0]
	return nil
}

// declarations returns the declarations of a Go file with that name, which may be the bare name of
// a method.
func declarations(path string, text []byte, name string, doc bool) ([]Region, error) {
	if !strings.HasSuffix(path, ".go") {
		return nil, nil
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []Region
	for _, d := range f.Decls {
		for _, n := range namesOf(d) {
			if _, method, _ := strings.Cut(n, "."); n != name && method != name {
				continue
			}
			r := Region{Path: path, Name: n, First: set.Position(d.Pos()).Line, Last: set.Position(d.End()).Line}
			if c := docOf(d); c != nil && doc {
				r.First = set.Position(c.Pos()).Line
			}
			found = append(found, r)
		}
	}
	return found, nil
}

// namesOf returns all names that a declaration declares. A group can be found by each of its names.
func namesOf(d ast.Decl) []string {
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return []string{annotate.DeclName(d)}
	}
	var names []string
	for _, spec := range g.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			names = append(names, spec.Name.Name)
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

func docOf(d ast.Decl) *ast.CommentGroup {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc
	case *ast.GenDecl:
		return d.Doc
	}
	return nil
}

var mark = regexp.MustCompile(`^\s*(?://|#)quote:(\S+)\s*$`)

// marks returns the regions of a file that comments mark.
func marks(path string, lines []string) ([]Region, error) {
	var all []Region
	open := 0 // line of the mark that is open; 0 if none is
	for i, l := range lines {
		m := mark.FindStringSubmatch(l)
		switch n := i + 1; {
		case m == nil:
		case m[1] != "end" && open > 0:
			return nil, fmt.Errorf("%s:%d: this mark is within the mark of line %d", path, n, open)
		case m[1] != "end":
			open = n
			all = append(all, Region{Path: path, Name: m[1], Marked: true, First: n + 1})
		case open == 0:
			return nil, fmt.Errorf("%s:%d: this quote:end has no mark before it", path, n)
		default:
			all[len(all)-1].Last = n - 1
			open = 0
		}
	}
	if open > 0 {
		return nil, fmt.Errorf("%s:%d: this mark has no quote:end", path, open)
	}
	return all, nil
}

// Unused returns an error for each mark below the folders dirs of root that isn't a reference in
// used.
func Unused(root string, dirs []string, used map[string]bool) (faults []error) {
	for _, dir := range dirs {
		err := fs.WalkDir(os.DirFS(root), dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".c") {
				return err
			}
			text, err := os.ReadFile(root + "/" + path)
			if err != nil {
				return err
			}
			all, err := marks(path, strings.Split(string(text), "\n"))
			if err != nil {
				faults = append(faults, err)
			}
			for _, m := range all {
				if !used[m.Reference()] {
					faults = append(faults, fmt.Errorf("%s:%d: no chapter quotes the mark %s", path, m.First-1, m.Name))
				}
			}
			return nil
		})
		if err != nil {
			faults = append(faults, err)
		}
	}
	return faults
}
