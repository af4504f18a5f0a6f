package chart

import (
	"image/color"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"threeloops/common/app"
)

// Colour is a colour that the servers' style sheet defines.
type Colour struct {
	Name  string     // of its variable in the style sheet, without the dashes
	Light color.RGBA // on a light page
	Dark  color.RGBA
}

// Palette holds the colours of the three servers, and then those for everything else. Only a server
// may have a server's colour.
var Palette = palette(app.Stylesheet())

// servers is the number of colours in the palette that belong to a server.
const servers = 3

var defined = regexp.MustCompile(`--(fork|poll|epoll|other-\d): #([0-9a-f]{6});`)

// palette reads the colours for a light page. The style sheet defines those first, and then those
// for a dark page.
func palette(sheet string) (all []Colour) {
	for _, m := range defined.FindAllStringSubmatch(sheet, -1) {
		n, _ := strconv.ParseUint(m[2], 16, 32)
		c := color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff}
		if i := slices.IndexFunc(all, func(c Colour) bool { return c.Name == m[1] }); i >= 0 {
			all[i].Dark = c
		} else {
			all = append(all, Colour{Name: m[1], Light: c})
		}
	}
	return all
}

// ColourOf returns the index in Palette of the colour for name. A server's name, or its model's,
// has the server's colour. Everything else gets the nth of the other colours, which repeat if n is
// too large.
func ColourOf(name string, n int) int {
	model := strings.TrimSuffix(name, "serv")
	for i, c := range Palette[:servers] {
		if c.Name == model {
			return i
		}
	}
	return servers + n%(len(Palette)-servers)
}
