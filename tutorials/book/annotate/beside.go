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
// comments and the name of the receiver. Comments are
// wrapped, so that three columns fit a screen.
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
			decls[i][name] = c.linesOf(f, d)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	var all []Beside
	for _, name := range names {
		b := Beside{Name: name}
		table := pack(align(files, decls, name), len(files))
		for i, f := range files {
			cell := Cell{File: f}
			if l := decls[i][name]; l != nil {
				cell.ID, cell.First, cell.Last = DeclID(l.id), l.first, l.last
				cell.Code = column(l, table, i)
			}
			b.Cells = append(b.Cells, cell)
		}
		all = append(all, b)
	}
	return all
}

// lines is a declaration as its lines.
type lines struct {
	id          string
	first, last int
	shown       []shown
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

func (c *Code) linesOf(f *File, d ast.Decl) *lines {
	l := &lines{id: DeclName(d), first: f.tok.Line(start(d)), last: f.tok.Line(d.End())}
	typ, _, _ := strings.Cut(l.id, ".")
	self := typ
	if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Recv.List[0].Names != nil {
		self += "|" + fn.Recv.List[0].Names[0].Name
	}
	selves := regexp.MustCompile(`\b(?:` + self + `)\b`)
	l.shown = c.reflow(f, l.first, l.last, func(line string) string {
		code, _, _ := strings.Cut(line, "//")
		if key := strings.Join(strings.Fields(code), " "); key != "" {
			return selves.ReplaceAllString(key, "@")
		}
		return strings.TrimSpace(line)
	})
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
				if n >= 0 && decls[j][name].shown[n].key == l.shown[k].key {
					return true
				}
			}
			return false
		}
		table = merge(table, len(files), i, len(l.shown), same)
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

// packed is a row as the page shows it: lines that are the same, and beside them different lines of
// other files.
type packed struct {
	row
	common []bool // by file: another file has the line too
}

// pack moves each row up, to the first row from which on none of its files has a line.
func pack(table []row, width int) (all []packed) {
	free := make([]int, width) // by file: the first row without a line of it from there on
	for _, r := range table {
		at, holders := 0, 0
		for i, n := range r {
			if n >= 0 {
				at, holders = max(at, free[i]), holders+1
			}
		}
		if at == len(all) {
			all = append(all, packed{slices.Repeat(row{-1}, width), make([]bool, width)})
		}
		for i, n := range r {
			if n >= 0 {
				all[at].row[i], all[at].common[i], free[i] = n, holders > 1, at+1
			}
		}
	}
	return all
}

// column renders column i of a table; l are its lines. A line has class common if other files have it
// too, and pad if only others have it.
func column(l *lines, table []packed, i int) template.HTML {
	var b strings.Builder
	for _, r := range table {
		if r.row[i] < 0 {
			b.WriteString("<span class=\"l pad\">\n</span>")
			continue
		}
		class, line := "l", l.shown[r.row[i]]
		if line.html == "" || r.common[i] {
			class = "l common"
		}
		fmt.Fprintf(&b, "<span class=\"%s\" data-n=\"%d\">%s\n</span>", class, line.number, line.html)
	}
	return template.HTML(b.String())
}
