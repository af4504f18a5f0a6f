package experiment

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"threeloops/tutorials/book/chart"
)

// These sizes are in points.
const (
	small     = 10  // text size of a number at a bar or an axis
	bar       = 11  // thickness of a bar
	between   = 9   // space between groups of bars
	axis      = 42  // height of the axis of x with its labels
	entry     = 14  // height of a line of the legend
	lineSpace = 170 // height of the area for lines
)

// legend reports whether a reader needs a legend to tell the series apart.
func (p *panel) legend() bool { return len(p.series) > 1 }

func (p *panel) height() vg.Length {
	h := vg.Length(lineSpace)
	if p.kind == "bars" {
		h = vg.Length(len(p.groups) * (len(p.series)*bar + between))
	}
	if p.legend() {
		h += vg.Length(len(p.series)) * entry
	}
	return h + axis
}

// draw paints the legend, and the plot below it. The caller has checked that plot returns no error.
func (p *panel) draw(c draw.Canvas) {
	pl, err := p.plot()
	if err != nil {
		return
	}
	c = draw.Crop(c, 1, -4, 2, -2)
	if p.legend() {
		l := &pl.Legend
		l.Top, l.Left, l.Padding, l.ThumbnailWidth = true, true, 2, 16
		l.TextStyle.Font.Size = small
		l.Draw(c)
		c = draw.Crop(c, 0, 0, 0, -vg.Length(len(p.series))*entry)
	}
	pl.Legend = plot.NewLegend()
	pl.Draw(c)
}

func (p *panel) plot() (*plot.Plot, error) {
	pl := chart.New("")
	pl.BackgroundColor = nil // the page's own background is visible
	for _, a := range []*plot.Axis{&pl.X, &pl.Y} {
		a.Tick.Label.Font.Size, a.Label.TextStyle.Font.Size = small, small
	}
	if p.kind == "bars" {
		return pl, p.bars(pl)
	}
	return pl, p.lines(pl)
}

// bars adds the series as horizontal bars. So the names have room, and each bar has its number at
// its end.
func (p *panel) bars(pl *plot.Plot) error {
	pl.Add(chart.Grid(true, false))
	scale := p.scale(func(at point) Cell { return at.y }, largest)
	names := slices.Clone(p.groups)
	slices.Reverse(names) // because the axis grows upwards
	for i, s := range p.series {
		offset := vg.Length(bar) * (vg.Length(len(p.series)-1)/2 - vg.Length(i))
		numbers := plotter.XYLabels{}
		var painted *plotter.BarChart
		for _, at := range s.points {
			place := float64(slices.Index(names, at.x.Text))
			one, err := plotter.NewBarChart(plotter.Values{at.y.Value / scale.factor}, bar-1)
			if err != nil {
				return err
			}
			one.Horizontal, one.XMin, one.Offset = true, place, offset
			one.Color, one.LineStyle.Width = s.colour(), 0
			pl.Add(one)
			painted = one
			numbers.XYs = append(numbers.XYs, plotter.XY{X: at.y.Value / scale.factor, Y: place})
			numbers.Labels = append(numbers.Labels, at.y.Text)
		}
		if painted == nil {
			continue
		}
		labels, err := plotter.NewLabels(numbers)
		if err != nil {
			return err
		}
		labels.Offset = vg.Point{X: 3, Y: offset - 3}
		for j := range labels.TextStyle {
			labels.TextStyle[j].Font = font.From(plot.DefaultFont, small)
		}
		pl.Add(labels)
		pl.Legend.Add(s.name, painted)
	}
	pl.NominalY(names...)
	pl.X.Label.Text = join(p.about, scale.unit)
	pl.X.Tick.Marker = marks{plot.DefaultTicks{}}
	pl.X.Min = min(0, pl.X.Min)
	pl.X.Max = max(pl.X.Max, pl.X.Min+1e-9)
	pl.Y.Min, pl.Y.Max = -0.5, float64(len(names))-0.5
	return nil
}

func (p *panel) lines(pl *plot.Plot) error {
	pl.Add(chart.Grid(p.kind == "log", true))
	choose := largest
	if p.kind == "log" {
		choose = middle
	}
	y := p.scale(func(at point) Cell { return at.y }, choose)
	x := p.scale(func(at point) Cell { return at.x }, choose)
	for _, s := range p.series {
		var xys plotter.XYs
		for _, at := range s.points {
			xys = append(xys, plotter.XY{X: at.x.Value / x.factor, Y: at.y.Value / y.factor})
		}
		if xys == nil {
			continue
		}
		line, dots, err := plotter.NewLinePoints(xys)
		if err != nil {
			return err
		}
		line.Color, line.Width = s.colour(), 1.8
		dots.Color, dots.Shape, dots.Radius = s.colour(), shapes[s.column%len(shapes)], 3
		if s.pale {
			line.Dashes = []vg.Length{4, 3}
		}
		pl.Add(line, dots)
		pl.Legend.Add(s.name, line, dots)
	}
	pl.X.Label.Text, pl.Y.Label.Text = join(p.across, x.unit), join(p.about, y.unit)
	if p.kind == "log" {
		decades(&pl.X)
		decades(&pl.Y)
		return nil
	}
	pl.X.Tick.Marker, pl.Y.Tick.Marker = marks{plot.DefaultTicks{}}, marks{plot.DefaultTicks{}}
	pl.Y.Min = min(0, pl.Y.Min)
	for _, a := range []*plot.Axis{&pl.X, &pl.Y} {
		if a.Max <= a.Min || math.IsInf(a.Min, 0) {
			a.Min, a.Max = min(a.Min, 0), max(a.Max, 1)
		}
	}
	return nil
}

// shapes tell the series apart without colours.
var shapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{},
	draw.TriangleGlyph{},
}

// decades makes an axis logarithmic, from one power of ten to another.
func decades(a *plot.Axis) {
	if math.IsInf(a.Min, 0) || a.Min <= 0 {
		a.Min, a.Max = 1, 10
	}
	a.Min = math.Pow10(int(math.Floor(math.Log10(a.Min))))
	a.Max = math.Pow10(int(math.Ceil(math.Log10(a.Max))))
	if a.Max <= a.Min {
		a.Max = a.Min * 10
	}
	a.Scale, a.Tick.Marker = plot.LogScale{}, marks{plot.LogTicks{Prec: -1}}
}

// marks writes the numbers at an axis with commas, like 10,000.
type marks struct{ plot.Ticker }

// Ticks implements plot.Ticker.
func (m marks) Ticks(low, high float64) []plot.Tick {
	ticks := m.Ticker.Ticks(low, high)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = written(t.Value)
		}
	}
	return ticks
}

// written returns a number in digits, with commas between the groups before the point.
func written(v float64) string {
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if n, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(n) < 1e15 && math.Abs(n) >= 1e-6 {
		text = strconv.FormatFloat(n, 'f', -1, 64)
	}
	whole, rest, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-' && !strings.Contains(whole, "e"); i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		return whole + "." + rest
	}
	return whole
}

// scale is the unit of an axis.
type scale struct {
	unit   string
	factor float64
}

// scale returns the unit of one of the cells, which all measure the same quantity.
func (p *panel) scale(of func(point) Cell, choose func([]Cell) Cell) scale {
	var cells []Cell
	for _, s := range p.series {
		for _, at := range s.points {
			if c := of(at); c.Value != 0 {
				cells = append(cells, c)
			}
		}
	}
	if cells == nil {
		return scale{factor: 1}
	}
	slices.SortFunc(cells, func(a, b Cell) int {
		return int(math.Copysign(1, math.Abs(a.Value)-math.Abs(b.Value)))
	})
	c := choose(cells)
	return scale{c.Unit, factor(c.Unit)}
}

func largest(cells []Cell) Cell { return cells[len(cells)-1] }
func middle(cells []Cell) Cell  { return cells[len(cells)/2] }

func join(name, unit string) string {
	if name == "" || unit == "" || strings.HasSuffix(name, unit) {
		return name + strings.TrimPrefix(unit, name)
	}
	return name + ", " + unit
}

// colour returns a placeholder for a CSS variable of the page; paint replaces it.
func (s series) colour() color.Color {
	c := color.RGBA{0x0c, 0x01, uint8(chart.ColourOf(s.of, s.column)), 0xff}
	if s.pale {
		c.G = 0x02
	}
	return c
}

var (
	styled = regexp.MustCompile(`style="([^"]*)"`)
	marker = regexp.MustCompile(`#0C0([12])0([0-9])`)
	size   = regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	themed = strings.NewReplacer("#000000", "currentColor", "#DDDDDD", "var(--line)")
)

// paint returns an SVG element whose colours are CSS variables of the page. It has attributes
// instead of styles, because a page's policy doesn't allow those.
func paint(height vg.Length, draw func(draw.Canvas)) ([]byte, error) {
	svg, err := chart.SVG(width+2*chart.Margin, height+2*chart.Margin, draw)
	if err != nil {
		return nil, err
	}
	svg = styled.ReplaceAllFunc(svg, func(style []byte) []byte {
		var b bytes.Buffer
		for part := range strings.SplitSeq(string(styled.FindSubmatch(style)[1]), ";") {
			name, value, _ := strings.Cut(part, ":")
			fmt.Fprintf(&b, "%s=\"%s\" ", name, themed.Replace(value))
		}
		return bytes.TrimRight(b.Bytes(), " ")
	})
	svg = marker.ReplaceAllFunc(svg, func(m []byte) []byte {
		name := chart.Palette[m[6]-'0'].Name
		if m[4] == '2' {
			name = "pale-" + name
		}
		return fmt.Appendf(nil, "var(--%s)", name)
	})
	// The page decides the size, so the element has only a viewBox, which gives its shape.
	return size.ReplaceAll(svg, []byte("<svg")), nil
}
