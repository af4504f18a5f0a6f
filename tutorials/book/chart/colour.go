package chart

import (
	"image/color"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"threeloops/common/app"
)

// Colour is one that the servers' style sheet defines.
type Colour struct {
	Name  string     // of its variable there, without the dashes
	Light color.RGBA // on a light page
	Dark  color.RGBA
}

// Palette is the colours of the three servers, then those for all else. A server's colour must not be given to
// anything that isn't that server.
var Palette = palette(app.Stylesheet())

// servers is how many of the palette belong to a server.
const servers = 3

var defined = regexp.MustCompile(`--(fork|poll|epoll|other-\d): #([0-9a-f]{6});`)

// palette reads the style sheet, which defines each colour for a light page first, and then for a dark one.
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

// ColourOf is the place in the palette of what is called name: the server's, or its model's, or else the colour for
// the nth of other things. There may be more of these than colours.
func ColourOf(name string, n int) int {
	model := strings.TrimSuffix(name, "serv")
	for i, c := range Palette[:servers] {
		if c.Name == model {
			return i
		}
	}
	return servers + n%(len(Palette)-servers)
}
