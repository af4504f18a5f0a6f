// Package chart holds what all charts of this module have in common: they are plots of gonum,
// written as SVG elements that a page can contain.
package chart

import (
	"bytes"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// rule is the colour of the grid lines.
var rule = color.RGBA{0xdd, 0xdd, 0xdd, 0xff}

// New returns an empty plot. It has a title if title isn't "".
func New(title string) *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(6)
	return p
}

// Grid returns grid lines at the ticks of the horizontal axis, of the vertical one, or of both.
func Grid(horizontal, vertical bool) *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = rule, rule
	if !horizontal {
		g.Vertical.Width = 0
	}
	if !vertical {
		g.Horizontal.Width = 0
	}
	return g
}

// Margin stays empty on each side of a chart, because the letters of another font may be taller.
const Margin vg.Length = 4

// SVG calls paint, and returns an SVG element of that size without an XML declaration. Its text is
// as wide as in the layout, whatever fonts the reader has.
func SVG(width, height vg.Length, paint func(draw.Canvas)) ([]byte, error) {
	c := vgsvg.New(width, height)
	paint(draw.Crop(draw.New(c), Margin, -Margin, Margin, -Margin))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	return fitted(b.Bytes()[bytes.Index(b.Bytes(), []byte("<svg")):]), nil
}
