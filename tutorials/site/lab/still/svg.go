package still

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

const (
	head     = 26 // height of the lanes' names
	clearing = 4  // below the last row
)

// SVG draws a picture that is at least that wide, in pixels. Readers of its text hear title, which says
// what the picture is about, and names the servers in it.
func SVG(p *Picture, title string, width int) string {
	l := p.layout(width)
	d := drawing{layout: l}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" aria-label="%s" `+
		`font-family="var(--mono)" font-size="11">`, l.Width, head+l.Height+clearing, l.Width, html.EscapeString(title))
	d.columns()
	d.printf(`<g transform="translate(0 %d)">`, head)
	for _, b := range l.Bars {
		of, wide := &l.Lanes[b.lane], 8
		if b.X < of.Line {
			wide = 4 // leaves room for the bars of other threads
		}
		d.printf(`<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s" fill-opacity="0.4"/>`,
			b.X-4, b.From, wide, b.To-b.From, of.colour())
	}
	for _, a := range l.Arrows {
		d.arrow(a)
	}
	for _, r := range l.Pending {
		d.pending(r)
	}
	for i := range p.Events {
		d.row(&p.Events[i], l.Rows[i])
	}
	d.printf("</g></svg>")
	return d.String()
}

// drawing is what has been drawn of a layout.
type drawing struct {
	layout
	strings.Builder
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.Builder, format+"\n", args...) }

// text writes text. What lies behind it is covered, so that lines don't cross letters.
func (d *drawing) text(x, y int, anchor, fill, text string) {
	if text != "" {
		d.printf(`<text x="%d" y="%d" text-anchor="%s" fill="%s" stroke="var(--panel)" stroke-width="3" `+
			`paint-order="stroke">%s</text>`, x, y, anchor, fill, html.EscapeString(text))
	}
}

// colour is that of the lane whose line is at x.
func (d *drawing) colour(x int) string {
	for _, l := range d.Lanes {
		if l.Line == x {
			return l.colour()
		}
	}
	return "var(--ink)"
}

// colour is the server's colour in the lane of a process of one of the three servers.
func (l *place) colour() string {
	if l.kind == process {
		for _, model := range []string{"epoll", "poll", "fork"} {
			if strings.Contains(l.name, model+"serv") {
				return "var(--" + model + ")"
			}
		}
		if strings.Contains(l.name, "child") {
			return "var(--fork)"
		}
	}
	return "var(--ink)"
}

// columns draws the lanes, their names, and a ground that hides what is behind the picture.
func (d *drawing) columns() {
	bottom := head + d.Height + clearing
	d.printf(`<rect width="%d" height="%d" fill="var(--panel)"/>`, d.Width, bottom)
	d.text(4, 17, "start", "var(--faint)", "time")
	for i := range d.Lanes {
		if l := &d.Lanes[i]; l.kind == kernel {
			d.printf(`<rect x="%d" y="%d" width="%d" height="%d" fill="var(--paper)"/>`, l.Left, head, l.Width, bottom-head)
		} else {
			d.printf(`<path d="M%d %dV%d" stroke="var(--line)" stroke-width="2"/>`, l.Line, head, bottom)
		}
	}
	d.names()
	d.printf(`<path d="M0 %dH%d" stroke="var(--line)"/>`, head, d.Width)
}

// names draws the names of the lanes, as many as there is room for.
func (d *drawing) names() {
	free := d.gutter // the right end of the last name
	for i := range d.Lanes {
		l := &d.Lanes[i]
		name := l.name
		if l.kind == kernel {
			name = cut(name, l.Width*10/66)
		}
		long := 7 * utf8.RuneCountInString(name)
		x, anchor, left := l.Line-4, "start", l.Line-4
		switch l.kind {
		case client:
			x, anchor, left = l.Line+4, "end", l.Line+4-long
		case kernel:
			x, anchor, left = l.Line, "middle", l.Line-long/2
		}
		if left < free || left+long > d.Width {
			continue
		}
		free = left + long + 3
		d.text(x, 17, anchor, l.colour(), name)
	}
}

// arrow draws the way of bytes through the kernel.
func (d *drawing) arrow(a arrow) {
	colour, dashed := "var(--other-1)", ""
	switch {
	case a.Kind == "rst":
		colour = "var(--bad)"
	case a.Side == process:
		colour = "var(--other-2)"
	}
	if a.Kind != "bytes" {
		dashed = ` stroke-dasharray="4 3"`
	}
	back := 1 // the arrow comes from the right
	if a.Track < a.To[0] {
		back = -1
	}
	tip := a.To[0] + 6*back
	d.printf(`<path d="M%d %dH%dV%dH%d" fill="none" stroke="%s" stroke-width="1.5"%s/>`,
		a.From[0], a.From[1], a.Track, a.To[1], tip, colour, dashed)
	d.printf(`<path d="M%d %dl%d -4v8z" fill="%s"/>`, tip, a.To[1], 7*back, colour)
}

// pending draws bytes that no read has taken.
func (d *drawing) pending(r rest) {
	for _, l := range d.Lanes {
		if l.kind == kernel {
			x := l.Left + l.Width/(2*tracks)
			d.printf(`<path d="M%d %dH%d" stroke="var(--faint)" stroke-width="1.5"/>`, r.From[0], r.From[1], x)
			d.printf(`<rect x="%d" y="%d" width="8" height="8" fill="var(--panel)" stroke="var(--faint)"/>`,
				x-4, r.From[1]-4)
			return
		}
	}
}

// row draws the mark, the label and the time of an event.
func (d *drawing) row(e *Event, r spot) {
	d.text(d.gutter-4, r.Y+4, "end", "var(--faint)", r.Time)
	colour := d.colour(r.X)
	fill, ink := colour, "var(--ink)"
	switch {
	case e.Failed != "":
		colour, fill, ink = "var(--bad)", "var(--bad)", "var(--bad)"
	case e.Errno != "":
		fill, ink = "var(--panel)", "var(--faint)"
	}
	if e.Call == "" {
		d.printf(`<path d="M%d %dl5 5l-5 5l-5 -5z" fill="%s"/>`, r.X, r.Y-5, fill)
	} else {
		d.printf(`<circle cx="%d" cy="%d" r="4" fill="%s" stroke="%s" stroke-width="1.5"/>`, r.X, r.Y, fill, colour)
	}
	x, anchor := r.X+9, "start"
	for _, l := range d.Lanes {
		if l.Line == r.X && l.kind == client {
			x, anchor = r.X-9, "end"
		}
	}
	d.text(x, r.Y+4, anchor, ink, r.Label)
}
