package annotate

import (
	"fmt"
	"go/ast"
	"html/template"
	"regexp"
	"slices"
	"strings"
)

// Beside is a declaration that several files have under the same name.
type Beside struct {
	Name  string
	Cells []Cell // one for each file
}

// Cell is a file's version of the declaration. Code is empty if the file has none.
type Cell struct {
	File        *File
	ID          string
	First, Last int
	Code        template.HTML // spans of class l, and also common or pad, see column
}

// Compare lays files beside each other, declaration by declaration. The order is that of the first
// file, then that of the second, and so on. Methods are matched by their bare names, and so are the
// types that have the method run. Two lines are the same if they differ only in white space,
// comments and the name of the receiver.
func (c *Code) Compare(files ...*File) []Beside {
	var names []string
	decls := make([]map[string]*lines, len(files))
	for i, f := range files {
		decls[i] = make(map[string]*lines)
		for _, d := range f.syntax.Decls {
			name := f.meeting(d)
			if name == "" || decls[i][name] != nil {
				continue
			}
			decls[i][name] = f.linesOf(d)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	var all []Beside
	for _, name := range names {
		b := Beside{Name: name}
		table := align(files, decls, name)
		for i, f := range files {
			cell := Cell{File: f}
			if l := decls[i][name]; l != nil {
				cell.ID, cell.First, cell.Last = DeclID(l.id), l.first, l.first+len(l.keys)-1
				cell.Code = c.column(f, l.first, table, i)
			}
			b.Cells = append(b.Cells, cell)
		}
		all = append(all, b)
	}
	return all
}

// lines is a declaration as lines, each reduced to what the comparison looks at.
type lines struct {
	id    string
	first int
	keys  []string
}

// meeting returns the name under which a declaration is matched with those of other files.
func (f *File) meeting(d ast.Decl) string {
	name := DeclName(d)
	if fn, ok := d.(*ast.FuncDecl); ok {
		return fn.Name.Name
	}
	for _, other := range f.syntax.Decls {
		if DeclName(other) == name+".run" {
			return "loop"
		}
	}
	return name
}

func (f *File) linesOf(d ast.Decl) *lines {
	first, last := f.tok.Line(start(d)), f.tok.Line(d.End())
	l := &lines{id: DeclName(d), first: first}
	typ, _, _ := strings.Cut(l.id, ".")
	self := typ
	if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Recv.List[0].Names != nil {
		self += "|" + fn.Recv.List[0].Names[0].Name
	}
	selves := regexp.MustCompile(`\b(?:` + self + `)\b`)
	for _, line := range strings.Split(string(f.Text), "\n")[first-1 : last] {
		code, _, _ := strings.Cut(line, "//")
		if key := strings.Join(strings.Fields(code), " "); key != "" {
			l.keys = append(l.keys, selves.ReplaceAllString(key, "@"))
			continue
		}
		l.keys = append(l.keys, strings.TrimSpace(line))
	}
	return l
}

// row has, for each file, the index of the file's line in this row, or -1 for no line.
type row []int

// align puts the lines of one declaration into rows, one file after another.
func align(files []*File, decls []map[string]*lines, name string) []row {
	var table []row
	for i := range files {
		l := decls[i][name]
		if l == nil {
			continue
		}
		same := func(r row, k int) bool {
			for j, n := range r {
				if n >= 0 && decls[j][name].keys[n] == l.keys[k] {
					return true
				}
			}
			return false
		}
		table = merge(table, len(files), i, len(l.keys), same)
	}
	return table
}

// merge adds n lines as column i to a table. Lines of a longest common subsequence share a row with
// an equal line.
func merge(table []row, width, i, n int, same func(r row, k int) bool) []row {
	best := make([][]int, len(table)+1) // best[a][b] is the length for table[a:] and the lines from b on
	best[len(table)] = make([]int, n+1)
	for a := len(table) - 1; a >= 0; a-- {
		best[a] = make([]int, n+1)
		for b := n - 1; b >= 0; b-- {
			best[a][b] = max(best[a+1][b], best[a][b+1])
			if same(table[a], b) {
				best[a][b] = best[a+1][b+1] + 1
			}
		}
	}
	var out []row
	for a, b := 0, 0; a < len(table) || b < n; {
		switch {
		case a < len(table) && b < n && same(table[a], b):
			table[a][i] = b
			out = append(out, table[a])
			a, b = a+1, b+1
		case b == n || a < len(table) && best[a+1][b] >= best[a][b+1]:
			out = append(out, table[a])
			a++
		default:
			r := make(row, width)
			for j := range r {
				r[j] = -1
			}
			r[i] = b
			out = append(out, r)
			b++
		}
	}
	return out
}

// column renders column i of a table. A line has class common if other files have it too, and pad if only
// others have it.
func (c *Code) column(f *File, first int, table []row, i int) template.HTML {
	var b strings.Builder
	for _, r := range table {
		n := first + r[i]
		if r[i] < 0 {
			b.WriteString("<span class=\"l pad\">\n</span>")
			continue
		}
		class, line := "l", c.marked(f)[n-1]
		others := slices.Concat(r[:i], r[i+1:])
		if line == "" || slices.ContainsFunc(others, func(n int) bool { return n >= 0 }) {
			class = "l common"
		}
		fmt.Fprintf(&b, "<span class=\"%s\" data-n=\"%d\">%s\n</span>", class, n, line)
	}
	return template.HTML(b.String())
}
