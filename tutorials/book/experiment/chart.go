package experiment

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// width is the width of a chart in points. A narrow screen shows it without much scaling.
const width = 330

// Named is a table, and whose it is: ours or yours.
type Named struct {
	Name string
	*Table
}

// series is a column of a table, drawn in one colour.
type series struct {
	name   string
	of     string // the column's name, which has the same colour in all tables: a server's, if it is a server's name
	column int    // index in Row.Cells
	pale   bool   // whether it is only there for comparison
	points []point
}

// point is a number of a series.
type point struct {
	row  int
	x, y Cell
}

// panel holds the columns that share an axis, because their numbers measure the same quantity.
type panel struct {
	kind   string
	about  string // the label of the axis of numbers
	across string // the label of the axis of x
	names  []string
	groups []string // the x of bars
	series []series
}

// Chart draws one table, or two tables with the same columns, as an SVG element. Its colours are
// CSS variables of the page, and it has no style attribute. A description says in words what the
// chart shows.
func Chart(kind string, tables ...Named) ([]byte, error) {
	panels, err := panelsOf(kind, tables)
	if err != nil {
		return nil, err
	}
	height := vg.Length(0)
	for _, p := range panels {
		height += p.height()
	}
	for _, p := range panels { // before the first is painted, so that an error can be returned
		if _, err := p.plot(); err != nil {
			return nil, err
		}
	}
	svg, err := paint(height, func(c draw.Canvas) {
		for _, p := range panels {
			top := c.Max.Y
			p.draw(draw.Crop(c, 0, 0, top-c.Min.Y-p.height(), 0))
			c.Max.Y = top - p.height()
		}
	})
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`<svg role="img" aria-label="%s" fill="currentColor"`,
		html.EscapeString(describe(kind, panels, tables)))
	return append([]byte(head), svg[len("<svg"):]...), nil
}

// panelsOf distributes the columns over panels, one for each quantity.
func panelsOf(kind string, tables []Named) ([]panel, error) {
	switch {
	case !slices.Contains(Kinds[:len(Kinds)-1], kind):
		return nil, fmt.Errorf("a chart must be one of %s, not %q", strings.Join(Kinds[:len(Kinds)-1], ", "), kind)
	case len(tables) == 0:
		return nil, fmt.Errorf("a chart needs a table")
	}
	first := tables[0].Table
	for _, t := range tables {
		if err := t.numbers(); err != nil {
			return nil, err
		}
		if err := first.Alike(t.Table); err != nil {
			return nil, err
		}
	}
	groups, err := groupsOf(kind, tables)
	if err != nil {
		return nil, err
	}
	var panels []panel
	at := make(map[string]int)
	for i := range first.Columns[1:] {
		m := first.measure(i)
		if _, known := at[m]; !known {
			at[m] = len(panels)
			panels = append(panels, panel{kind: kind, across: first.Columns[0], groups: groups})
		}
		p := &panels[at[m]]
		p.names = append(p.names, first.Columns[i+1])
		for n, t := range tables {
			s, err := t.series(i, kind)
			if err != nil {
				return nil, err
			}
			s.pale = n+1 < len(tables)
			if len(tables) > 1 {
				s.name += ", " + t.Name
			}
			p.series = append(p.series, s)
		}
	}
	for i := range panels {
		p := &panels[i]
		p.about = strings.Join(p.names, ", ")
		if len(p.names) > 1 {
			p.about = ""
		}
	}
	return panels, nil
}

// groupsOf returns the names of the bars' groups, each once.
func groupsOf(kind string, tables []Named) (names []string, err error) {
	for _, t := range tables {
		of := make(map[string]bool)
		for _, r := range t.Rows {
			if kind == "bars" && of[r.X.Text] {
				return nil, fmt.Errorf("two rows have the name %q; each group of bars needs its own name", r.X.Text)
			}
			of[r.X.Text] = true
			if !slices.Contains(names, r.X.Text) {
				names = append(names, r.X.Text)
			}
		}
	}
	return names, nil
}

// series returns a column's numbers, if a chart of that kind can show them.
func (t *Table) series(column int, kind string) (series, error) {
	s := series{name: t.Columns[column+1], of: t.Columns[column+1], column: column}
	for i, r := range t.Rows {
		c := r.Cells[column]
		switch {
		case kind != "bars" && !r.X.Number:
			return s, fmt.Errorf("x must be a number in a chart of kind %s, not %q", kind, r.X.Text)
		case !c.Number, kind == "log" && (c.Value <= 0 || r.X.Value <= 0):
			continue
		}
		s.points = append(s.points, point{i, r.X, c})
	}
	return s, nil
}

// describe says in words what a chart shows: the ends of each series of a line, or all bars.
func describe(kind string, panels []panel, tables []Named) string {
	var b strings.Builder
	if kind == "bars" {
		b.WriteString("A bar chart.")
	} else {
		fmt.Fprintf(&b, "A line chart over %s.", tables[0].Columns[0])
	}
	for _, p := range panels {
		for _, s := range p.series {
			if len(s.points) == 0 {
				continue
			}
			var said []string
			for _, at := range s.points {
				said = append(said, fmt.Sprintf("%s at %s", at.y.Text, at.x.Text))
			}
			if kind == "bars" {
				fmt.Fprintf(&b, " %s: %s.", s.name, strings.Join(said, ", "))
				continue
			}
			fmt.Fprintf(&b, " %s: from %s to %s.", s.name, said[0], said[len(said)-1])
		}
	}
	return b.String()
}
