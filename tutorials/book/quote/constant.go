package quote

import (
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Number is the value of a constant.
type Number struct {
	Path, Name string
	Line       int // line of its declaration
	Value      int64
	Duration   bool // Value is in nanoseconds
}

// Constant finds the constant that a reference FILE#NAME names in the repository at root, and
// computes its value. The constant may be declared in a function. Its expression may use other
// constants of the same file, and the units of package time.
func Constant(root, reference string) (*Number, error) {
	path, name, _ := strings.Cut(reference, "#")
	if !fs.ValidPath(path) {
		return nil, fmt.Errorf("%q is not a path in the repository", path)
	}
	text, err := os.ReadFile(root + "/" + path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", path)
	} else if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	all := constants(f)
	switch found := all[name]; {
	case len(found) == 0:
		return nil, fmt.Errorf("%s has no constant %s", path, name)
	case len(found) > 1:
		return nil, fmt.Errorf("%s has %d constants %s", path, len(found), name)
	}
	n := &Number{Path: path, Name: name, Line: set.Position(all[name][0].Pos()).Line}
	value, err := all.value(all[name][0], n, 0)
	if err != nil {
		return nil, fmt.Errorf("the constant %s of %s: %w", name, path, err)
	}
	whole, exact := constant.Int64Val(constant.ToInt(value))
	if !exact {
		return nil, fmt.Errorf("the constant %s of %s isn't a whole number: %s", name, path, value)
	}
	n.Value = whole
	return n, nil
}

// expressions holds the expressions of a file's constants by name.
type expressions map[string][]ast.Expr

func constants(f *ast.File) expressions {
	all := make(expressions)
	ast.Inspect(f, func(n ast.Node) bool {
		d, ok := n.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			return true
		}
		for _, s := range d.Specs {
			spec := s.(*ast.ValueSpec)
			for i, name := range spec.Names {
				if i < len(spec.Values) { // otherwise the line repeats the one above with another iota
					all[name.Name] = append(all[name.Name], spec.Values[i])
				}
			}
		}
		return true
	})
	return all
}

var units = map[string]time.Duration{
	"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond, "Millisecond": time.Millisecond,
	"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour,
}

// value computes an expression, and sets n.Duration if it is a time. depth limits a cycle.
func (all expressions) value(x ast.Expr, n *Number, depth int) (constant.Value, error) {
	switch x := x.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(x.Value, x.Kind, 0), nil
	case *ast.ParenExpr:
		return all.value(x.X, n, depth)
	case *ast.Ident:
		if found := all[x.Name]; len(found) == 1 && depth < len(all) {
			return all.value(found[0], n, depth+1)
		}
	case *ast.SelectorExpr:
		if p, ok := x.X.(*ast.Ident); ok && p.Name == "time" && units[x.Sel.Name] > 0 {
			n.Duration = true
			return constant.MakeInt64(int64(units[x.Sel.Name])), nil
		}
	case *ast.BinaryExpr:
		return all.binary(x, n, depth)
	}
	return nil, fmt.Errorf("its expression must be a number or made of constants of the file (%T)", x)
}

func (all expressions) binary(x *ast.BinaryExpr, n *Number, depth int) (constant.Value, error) {
	left, err := all.value(x.X, n, depth)
	if err != nil {
		return nil, err
	}
	right, err := all.value(x.Y, n, depth)
	if err != nil {
		return nil, err
	}
	switch x.Op {
	case token.SHL, token.SHR:
		by, _ := constant.Uint64Val(constant.ToInt(right))
		return constant.Shift(left, x.Op, uint(by)), nil
	case token.ADD, token.SUB, token.MUL:
		return constant.BinaryOp(left, x.Op, right), nil
	}
	return nil, fmt.Errorf("its expression has the operator %s, but may have only +, -, *, << and >>", x.Op)
}

// sizes are the units that a number in prose may have.
var sizes = map[string]float64{
	"": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
}

var times = map[string]time.Duration{
	"ns": 1, "µs": time.Microsecond, "ms": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "second": time.Second, "seconds": time.Second, "minutes": time.Minute,
}

// Says returns an error if a text, such as "2 MiB", "100 ms" or "10,000", isn't the number.
func (n *Number) Says(text string) error {
	digits, unit, _ := strings.Cut(strings.TrimSpace(text), " ")
	var said float64
	if _, err := fmt.Sscanf(strings.ReplaceAll(digits, ",", "")+"\n", "%g\n", &said); err != nil {
		return fmt.Errorf("%q can't be compared with a constant: "+
			"write digits and perhaps a unit, such as \"2 MiB\" or \"100 ms\"", text)
	}
	size, isSize := sizes[unit]
	if n.Duration {
		size, isSize = float64(times[unit]), times[unit] > 0
	}
	if !isSize {
		return fmt.Errorf("%q has another unit than the constant %s", text, n.Name)
	}
	if said*size != float64(n.Value) {
		return fmt.Errorf("%q is not the constant %s of %s, which is %s", text, n.Name, n.Path, n)
	}
	return nil
}

// String returns the number, also in the largest unit in which it is whole.
func (n *Number) String() string {
	if n.Duration {
		return time.Duration(n.Value).String()
	}
	for _, unit := range []string{"GiB", "MiB", "KiB"} {
		if size := int64(sizes[unit]); n.Value >= size && n.Value%size == 0 {
			return fmt.Sprintf("%d, or %d %s", n.Value, n.Value/size, unit)
		}
	}
	return fmt.Sprint(n.Value)
}
