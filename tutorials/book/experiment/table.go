package experiment

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Table is the data of a chart.
type Table struct {
	Columns []string // names of the columns, including x
	Rows    []Row
}

// Row is a row of a table.
type Row struct {
	X     Cell
	Cells []Cell // one for each column except x
}

// Cell is a number, an empty cell (written "-"), or words.
type Cell struct {
	Text   string
	Number bool
	Value  float64 // in seconds, in bytes, or as written
	Unit   string  // as written: µs, MB, %
}

var (
	gap    = regexp.MustCompile(`\s{2,}`)
	number = regexp.MustCompile(`^([-+]?\d[\d,]*(?:\.\d+)?)(?: ?([^\d\s.,]\S*))?$`)
)

// factors has the units that can be converted, by the quantity that they measure.
var factors = map[string]map[string]float64{
	"time": {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "min": 60},
	"bytes": {
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	},
}

// InTable reports whether a line has cells with gaps between them.
func InTable(line string) bool { return gap.MatchString(strings.TrimSpace(line)) }

// Parse finds the table in the output of a program.
func Parse(output string) (*Table, error) {
	var lines [][]string
	open := false // whether the last line belongs to the group
	for l := range strings.Lines(output) {
		cells := gap.Split(strings.TrimSpace(l), -1)
		switch {
		case len(cells) < 2:
			open = false
		case open:
			lines = append(lines, cells)
		default:
			lines, open = [][]string{cells}, true
		}
	}
	switch {
	case lines == nil:
		return nil, errors.New("the output has no table: print lines of cells that are two or more spaces apart")
	case len(lines) == 1:
		return nil, fmt.Errorf("the table has a header but no row: %q", strings.Join(lines[0], "  "))
	}
	t := &Table{Columns: lines[0]}
	for _, cells := range lines[1:] {
		if len(cells) != len(t.Columns) {
			return nil, fmt.Errorf("the table has %d columns (%s), but a row has %d cells: %q",
				len(t.Columns), strings.Join(t.Columns, ", "), len(cells), strings.Join(cells, "  "))
		}
		row := Row{X: parseCell(cells[0])}
		for _, text := range cells[1:] {
			row.Cells = append(row.Cells, parseCell(text))
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func parseCell(text string) Cell {
	m := number.FindStringSubmatch(text)
	if m == nil {
		return Cell{Text: text}
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
	if err != nil {
		return Cell{Text: text}
	}
	return Cell{Text: text, Number: true, Value: n * factor(m[2]), Unit: m[2]}
}

// factor returns how many seconds or bytes a unit is.
func factor(unit string) float64 {
	for _, units := range factors {
		if f, ok := units[unit]; ok {
			return f
		}
	}
	return 1
}

// measure returns the quantity that a unit measures: "time", "bytes", or the unit itself.
func measure(unit string) string {
	for name, units := range factors {
		if _, ok := units[unit]; ok {
			return name
		}
	}
	return unit
}

// numbers checks that all columns except x have numbers that can be compared.
func (t *Table) numbers() error {
	for i, name := range t.Columns[1:] {
		want := t.measure(i)
		for _, r := range t.Rows {
			switch c := r.Cells[i]; {
			case !c.Number && c.Text != "-":
				return fmt.Errorf("%q, in the column %q, isn't a number", c.Text, name)
			case c.Value != 0 && measure(c.Unit) != want:
				return fmt.Errorf("the column %q has %q among numbers with another kind of unit", name, c.Text)
			}
		}
	}
	return nil
}

// words is the measure of a column with words.
const words = "words"

// measure returns the quantity that a column's cells measure. A cell 0 without a unit counts only
// if no other cell has one.
func (t *Table) measure(column int) string {
	of := ""
	for _, r := range t.Rows {
		switch c := r.Cells[column]; {
		case c.Value != 0:
			return measure(c.Unit)
		case c.Number && c.Unit != "":
			of = measure(c.Unit)
		case !c.Number && c.Text != "-" && of == "":
			of = words
		}
	}
	return of
}

// Alike returns an error that says how the columns of another table differ from those of t.
func (t *Table) Alike(other *Table) error {
	if !slices.Equal(t.Columns, other.Columns) {
		return fmt.Errorf("the columns are %s, but were %s",
			strings.Join(other.Columns, ", "), strings.Join(t.Columns, ", "))
	}
	for i, name := range t.Columns[1:] {
		was, is := t.measure(i), other.measure(i)
		if was != is && !t.zero(i) && !other.zero(i) {
			return fmt.Errorf("the column %q has %s, but had %s", name, called(is), called(was))
		}
	}
	return nil
}

// zero reports whether a column has only zeros and empty cells.
func (t *Table) zero(column int) bool {
	return !slices.ContainsFunc(t.Rows, func(r Row) bool {
		c := r.Cells[column]
		return c.Value != 0 || !c.Number && c.Text != "-"
	})
}

func called(measure string) string {
	if measure == "" {
		return "plain numbers"
	}
	return measure
}
