package chart

import (
	"fmt"
	"html"
	"regexp"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// families is the font of the layout, then fonts whose letters have the same width, then any font.
const families = "Liberation Sans,Arimo,Arial,Helvetica,sans-serif"

var (
	text   = regexp.MustCompile(`<text ([^>]*font-size:([\d.]+)px[^>]*)>([^<]*)</text>`)
	family = regexp.MustCompile(`font-family:[^;"]*`)
)

// Width returns the width of a text in a size.
func Width(text string, size vg.Length) vg.Length {
	face := font.DefaultCache.Lookup(plot.DefaultFont, size)
	return face.Width(text)
}

// fitted gives each text the width that it has in the layout. A reader's machine may lack the font,
// and in a wider font the text would be cut off, or overlap the bars.
func fitted(svg []byte) []byte {
	return text.ReplaceAllFunc(svg, func(element []byte) []byte {
		m := text.FindSubmatch(element)
		size, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil || len(m[3]) == 0 {
			return element
		}
		width := Width(html.UnescapeString(string(m[3])), vg.Points(size))
		return fmt.Appendf(nil, `<text textLength="%.2f" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, width.Points(),
			family.ReplaceAll(m[1], []byte("font-family:"+families)), m[3])
	})
}
