package still

const (
	rowHeight = 20
	widest    = 360 // lane of a process
	letter    = 67  // tenths of a pixel: the width of a character of a label
	inset     = 10  // from a lane's line to its labels
	tracks    = 6   // places beside each other in the kernel's lane
)

// layout says where everything is. It has the form in which timeline.js returns it.
type layout struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Lanes   []place `json:"lanes"`
	Rows    []spot  `json:"rows"`
	Bars    []bar   `json:"bars"`
	Arrows  []arrow `json:"arrows"`
	Pending []rest  `json:"pending"`

	gutter int // for the times
}

type place struct {
	ID    string `json:"id"`
	Left  int    `json:"left"`
	Width int    `json:"width"`
	Line  int    `json:"line"`  // x of its events
	Chars int    `json:"chars"` // of a label, at most

	name, kind string
}

type spot struct {
	X     int    `json:"x"`
	Y     int    `json:"y"`
	Time  string `json:"time"`
	Label string `json:"label"`
}

// bar is a call that waits, from a height to another.
type bar struct {
	X    int `json:"x"`
	From int `json:"from"`
	To   int `json:"to"`

	lane int
}

type arrow struct {
	Kind  string `json:"kind"` // syn, bytes, fin or rst
	Bytes int64  `json:"bytes"`
	Side  string `json:"side"` // kind of the sender's lane
	From  [2]int `json:"from"`
	Track int    `json:"track"` // x in the kernel's lane
	To    [2]int `json:"to"`
}

// rest is what no read has taken.
type rest struct {
	From  [2]int `json:"from"`
	Bytes int64  `json:"bytes"`
}

// columns gives each arranged lane its place in a diagram of that width. With many lanes the diagram gets
// wider than that.
func columns(lanes []Lane, width int) layout {
	count := map[string]int{}
	for _, l := range lanes {
		count[l.Kind]++
	}
	n, last := sizes(count, width)
	x := n.gutter
	all := layout{gutter: n.gutter}
	for i, l := range lanes {
		w := map[string]int{client: n.client, kernel: n.kernel / count[kernel], process: n.process}[l.Kind]
		switch {
		case i == 0 && l.Kind == client:
			w = n.outer
		case i == len(lanes)-1 && l.Kind == process:
			w = max(w, last)
		}
		line := map[string]int{client: x + w - inset, kernel: x + w/2, process: x + inset}[l.Kind]
		all.Lanes = append(all.Lanes, place{ID: l.ID, Left: x, Width: w, Line: line, name: l.Name, kind: l.Kind})
		x += w
	}
	all.Width = x
	for i := range all.Lanes {
		l := &all.Lanes[i]
		room := min(x-l.Line, max(l.Width, 340))
		if l.kind == client {
			room = min(l.Line-n.gutter, max(l.Width, 140))
		}
		l.Chars = (room - inset) * 10 / letter
	}
	return all
}

// widths are those of lanes. The first lane of clients is wider, because labels need room at its left.
type widths struct{ gutter, kernel, client, outer, process int }

// sizes returns the widths of lanes, and the smallest width of the last process.
func sizes(count map[string]int, width int) (n widths, last int) {
	portion := 4 // tenths, for the clients
	n = widths{gutter: 76, kernel: 84, outer: 112}
	last = 150
	if width < 600 {
		portion = 3
		n = widths{gutter: 58, kernel: 40, outer: 80}
		last = 118
		if count[client] == 1 {
			n.outer = 102
		}
	}
	free := width - n.gutter - n.kernel
	share := max(free*portion/10, free-widest*count[process])
	n.client = min(max(share/max(1, count[client]), 10), 132)
	n.outer = max(n.client, n.outer)
	if count[client] == 0 {
		n.outer = 0
	}
	left := free - n.outer - n.client*max(0, count[client]-1)
	n.process = min(max(left/max(1, count[process]), 24), widest)
	if count[process] > 1 && n.process < last { // the others make room for the last one
		n.process = min(max((left-last)/(count[process]-1), 24), widest)
	}
	if n.process == widest && n.outer > 0 { // the processes leave some room
		n.outer += min(max(left-n.process*count[process], 0), 120)
	}
	return n, last
}

// middle is the height of the middle of a row.
func middle(row int) int { return row*rowHeight + rowHeight/2 }

// Chars returns how many characters the labels in each lane may have, in a picture of that width.
func (p *Picture) Chars(width int) map[string]int {
	all := map[string]int{}
	for _, l := range columns(p.arranged(), width).Lanes {
		all[l.ID] = l.Chars
	}
	return all
}

// Unread reports whether the picture shows bytes that no read has taken.
func (p *Picture) Unread() bool { return len(p.layout(0).Pending) > 0 }

// layout returns where everything is in a picture of that width.
func (p *Picture) layout(width int) layout {
	lanes := p.arranged()
	all := columns(lanes, width)
	t := newTimeline(lanes, p.Pairs)
	for i := range p.Events {
		t.add(&p.Events[i])
	}
	all.Height = len(t.rows) * rowHeight
	var in place
	for _, l := range all.Lanes {
		if l.kind == kernel {
			in = l
			break
		}
	}
	at := func(row int) [2]int { return [2]int{all.Lanes[t.rows[row].lane].Line, middle(row)} }
	for i, r := range t.rows {
		l := all.Lanes[r.lane]
		all.Rows = append(all.Rows, spot{l.Line, middle(i), r.time, r.label(l.Chars)})
		if r.bar >= 0 {
			all.Bars = append(all.Bars, bar{l.Line - r.shift, r.bar*rowHeight + 2, middle(i), r.lane})
		}
	}
	for _, a := range t.arrows {
		track := in.Left + in.Width*(2*a.track+1)/(2*tracks)
		all.Arrows = append(all.Arrows, arrow{a.kind, a.bytes, a.side, at(a.from), track, at(a.to)})
	}
	for _, r := range t.pending() {
		all.Pending = append(all.Pending, rest{at(r.row), r.left})
	}
	return all
}
