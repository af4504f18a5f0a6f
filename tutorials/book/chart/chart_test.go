package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

func TestAnElementThatCanStandInAPage(t *testing.T) {
	p := New("Calls < 3 & more")
	grid := Grid(true, false)
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 2, Y: 3}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(grid, line)
	svg, err := SVG(200, 100, func(c draw.Canvas) { p.Draw(c) })
	if err != nil {
		t.Fatal(err)
	}
	text := string(svg)
	if !strings.HasPrefix(text, "<svg ") || strings.Count(text, "<svg") != 1 || strings.Contains(text, "<?xml") {
		t.Errorf("want one element without an XML declaration, got %.200s", text)
	}
	for _, want := range []string{`width="200pt"`, `height="100pt"`, "Calls &lt; 3 &amp; more", "#DDDDDD"} {
		if !strings.Contains(text, want) {
			t.Errorf("the element lacks %s: %.1000s", want, text)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the element isn't XML: %v", err)
		}
	}
}

func TestGridHasTheLinesThatAreAskedFor(t *testing.T) {
	for _, c := range [][2]bool{{true, true}, {true, false}, {false, true}} {
		g := Grid(c[0], c[1])
		if (g.Vertical.Width > 0) != c[0] || (g.Horizontal.Width > 0) != c[1] {
			t.Errorf("grid lines at the ticks of the horizontal axis: %t, of the vertical one: %t; their "+
				"widths are %v and %v",
				c[0], c[1], g.Vertical.Width, g.Horizontal.Width)
		}
	}
}
