package chart

import (
	"image/color"
	"math"
	"testing"
)

// lab converts a colour to CIELAB under D65, in which a distance is about what people see.
func lab(c color.RGBA) [3]float64 {
	linear := func(v uint8) float64 {
		if f := float64(v) / 255; f > 0.04045 {
			return math.Pow((f+0.055)/1.055, 2.4)
		}
		return float64(v) / 255 / 12.92
	}
	r, g, b := linear(c.R), linear(c.G), linear(c.B)
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124*r + 0.3576*g + 0.1805*b) / 0.9505)
	y := f(0.2126*r + 0.7152*g + 0.0722*b)
	z := f((0.0193*r + 0.1192*g + 0.9505*b) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// A reader must not mistake another colour for a server's.
func TestColoursOfThePaletteAreFarApart(t *testing.T) {
	if len(Palette) < servers+4 {
		t.Fatalf("the style sheet has %d colours: %v", len(Palette), Palette)
	}
	for i, a := range Palette {
		for _, b := range Palette[:i] {
			for mode, pair := range map[string][2]color.RGBA{"light": {a.Light, b.Light}, "dark": {a.Dark, b.Dark}} {
				p, q := lab(pair[0]), lab(pair[1])
				distance := math.Hypot(math.Hypot(p[0]-q[0], p[1]-q[1]), p[2]-q[2])
				if distance < 25 {
					t.Errorf("%s: the distance of %s and %s is %.0f, less than 25", mode, a.Name, b.Name, distance)
				}
			}
		}
	}
}

func TestAServerHasOneColour(t *testing.T) {
	for name, want := range map[string]string{
		"forkserv": "fork", "fork": "fork", "pollserv": "poll", "poll": "poll", "epollserv": "epoll", "epoll": "epoll",
		"behind one": "other-1", "net/http": "other-1", "epoll descriptors": "other-1", "serv": "other-1",
	} {
		if got := Palette[ColourOf(name, 0)].Name; got != want {
			t.Errorf("%s has the colour %s, want %s", name, got, want)
		}
	}
	for n := range 20 {
		if i := ColourOf("another thing", n); i < servers {
			t.Errorf("other thing %d has the colour of a server, %s", n, Palette[i].Name)
		}
	}
}
