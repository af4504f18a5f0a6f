package compare

import (
	"html/template"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"threeloops/tutorials/book/chart"
)

// colours returns each server's colour. Our three servers have their own colours.
func colours(servers []string) map[string]color.Color {
	of := make(map[string]color.Color)
	others := 0
	for _, name := range servers {
		c := chart.Palette[chart.ColourOf(name, others)]
		of[name] = c.Light // a report's charts always have a white background
		if strings.HasPrefix(c.Name, "other") {
			others++
		}
	}
	return of
}

// point is a server's spread of a unit in one table, at position x.
type point struct {
	x float64
	Spread
}

// spreads implements the interfaces of gonum's plotters.
type spreads []point

func (p spreads) Len() int                         { return len(p) }
func (p spreads) XY(i int) (x, y float64)          { return p[i].x, p[i].Mid }
func (p spreads) YError(i int) (low, high float64) { return p[i].Mid - p[i].Low, p[i].High - p[i].Mid }

// unit is what a chart shows.
type unit struct {
	key, title string
	scale      float64
}

var cpuUnit = unit{CPU, "CPU time for one message, in microseconds", 1e-3}

// axes has the labels of the sweeps' axes.
var axes = map[string]string{
	"idle": "number of idle connections", "active": "number of connections that send messages",
	"size": "size of a message, in bytes", "depth": "messages that a connection sends before it waits",
	"churn": "number of connections at the same time, each for one message",
}

// sweepUnits are the charts of a sweep.
var sweepUnits = []unit{
	cpuUnit, {Rate, "messages answered per second", 1}, {P99, "time within which 99 of 100 messages are " +
		"answered, in milliseconds", 1e-6},
	{Calls, "system calls for one message", 1}, {PSS, "memory of the server (PSS), in MiB", 1.0 / (1 << 20)},
}

// bars draws a table's CPU time per message, with each server in its colour.
func (t *Table) bars(colours map[string]color.Color) (template.HTML, error) {
	p := chart.New(t.Title)
	p.Add(chart.Grid(false, true))
	p.Y.Label.Text = "CPU time, microseconds" // for one message; a longer label would be cut off
	var names []string
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Absent != "" {
			continue
		}
		s := spreads{{float64(len(names)), r.Sums[CPU].times(cpuUnit.scale)}}
		bar, err := plotter.NewBarChart(plotter.Values{s[0].Mid}, vg.Points(24))
		if err != nil {
			return "", err
		}
		bar.XMin, bar.Color, bar.LineStyle.Width = s[0].x, colours[r.Server], 0
		whiskers, err := plotter.NewYErrorBars(s)
		if err != nil {
			return "", err
		}
		p.Add(bar, whiskers)
		names = append(names, r.Server)
	}
	if len(names) == 0 {
		return "", nil
	}
	p.NominalX(names...)
	p.X.Min, p.X.Max, p.Y.Min = -0.5, float64(len(names))-0.5, 0
	each := vg.Length(55)
	for _, name := range names {
		each = max(each, chart.Width(name, p.X.Tick.Label.Font.Size)+10)
	}
	width := 90 + each*vg.Length(len(names))
	return svg(p, max(width, chart.Width(t.Title, p.Title.TextStyle.Font.Size)+2*chart.Margin), 210)
}

func (s Spread) times(f float64) Spread { return Spread{s.Low * f, s.Mid * f, s.High * f} }

// curves draws a unit over the axis of a sweep, or nothing if no server has it.
func (r *Report) curves(u unit) (template.HTML, error) {
	p := chart.New(u.title)
	p.Add(chart.Grid(false, true))
	p.X.Label.Text = axes[r.Axis]
	var places []string
	for _, t := range r.Tables {
		places = append(places, strconv.FormatFloat(t.At, 'f', -1, 64))
	}
	low, high := 0.0, 0.0
	names := r.servers()
	of := colours(names)
	for _, name := range names {
		s := r.along(name, u)
		if len(s) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(s)
		if err != nil {
			return "", err
		}
		whiskers, err := plotter.NewYErrorBars(s)
		if err != nil {
			return "", err
		}
		line.Color, dots.Color, whiskers.Color = of[name], of[name], of[name]
		line.Width, dots.Shape, dots.Radius = vg.Points(1.5), draw.CircleGlyph{}, vg.Points(2.5)
		p.Add(line, dots, whiskers)
		p.Legend.Add(name, line, dots)
		for _, at := range s {
			high = max(high, at.High)
			if low == 0 || at.Low < low {
				low = at.Low
			}
		}
	}
	if high == 0 {
		return "", nil
	}
	p.NominalX(places...)
	p.X.Min, p.X.Max = -0.2, float64(len(places))-0.7
	p.Y.Min, p.Y.Max = 0, high*1.35 // room for the legend
	if high > 20*low {
		p.Y.Min, p.Y.Max = low, high*math.Pow(high/low, 0.35)
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	p.Legend.Top, p.Legend.Left = true, true
	return svg(p, 420, 280)
}

// along returns a server's spreads of a unit along the axis.
func (r *Report) along(server string, u unit) (s spreads) {
	for i, t := range r.Tables {
		for _, row := range t.Rows {
			if v, ok := row.Sums[u.key]; ok && row.Server == server && row.Absent == "" {
				s = append(s, point{float64(i), v.times(u.scale)})
			}
		}
	}
	return s
}

// svg draws a plot as an element that a page can contain.
func svg(p *plot.Plot, w, h vg.Length) (template.HTML, error) {
	text, err := chart.SVG(w, h, p.Draw)
	return template.HTML(text), err
}
