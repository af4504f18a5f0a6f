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

// families is the font that charts are laid out with, then others whose letters are as wide, then any.
const families = "Liberation Sans,Arimo,Arial,Helvetica,sans-serif"

var (
	text   = regexp.MustCompile(`<text ([^>]*font-size:([\d.]+)px[^>]*)>([^<]*)</text>`)
	family = regexp.MustCompile(`font-family:[^;"]*`)
)

// Width is how much room a text takes in a size.
func Width(text string, size vg.Length) vg.Length {
	face := font.DefaultCache.Lookup(plot.DefaultFont, size)
	return face.Width(text)
}

// fitted has a text take the room that it was laid out with. A reader's machine may not have that font, and in a
// wider one the text would be cut off, or run into the bars.
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
