package pages

import (
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// phases draws the phases of a connection.
func (s *site) phases() error {
	text, err := os.ReadFile(s.root + "/ARCHITECTURE.md")
	if err != nil {
		return err
	}
	m, err := readMachine(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "phases.svg"), []byte(m.svg()), 0o644)
}

// machine is a state diagram.
type machine struct {
	states []string // in the order in which they are drawn
	start  string
	end    string
	edges  []*edge
}

// edge leads from a state to another when one of its events happens.
type edge struct {
	from, to string
	events   []string
}

var transition = regexp.MustCompile(`^ +(\S+) --> (\S+?)(?:: (.+))?$`)

// readMachine reads the diagram below the heading "Phases" of ARCHITECTURE.md.
func readMachine(text string) (*machine, error) {
	_, rest, _ := strings.Cut(text, "\n## Phases\n")
	rest, _, _ = strings.Cut(rest, "\n## ")
	_, diagram, found := strings.Cut(rest, "```mermaid\nstateDiagram-v2\n")
	diagram, _, ended := strings.Cut(diagram, "```")
	if !found || !ended {
		return nil, errors.New(`ARCHITECTURE.md has no mermaid state diagram below "Phases"`)
	}
	m := &machine{}
	for line := range strings.SplitSeq(strings.TrimRight(diagram, "\n"), "\n") {
		parts := transition.FindStringSubmatch(line)
		switch {
		case parts == nil:
			return nil, fmt.Errorf("ARCHITECTURE.md, \"Phases\": %q isn't a transition", line)
		case parts[1] == "[*]":
			m.start = parts[2]
		case parts[2] == "[*]":
			m.end = parts[1]
		default:
			m.edges = append(m.edges, &edge{parts[1], parts[2], strings.Split(parts[3], " / ")})
		}
	}
	if m.start == "" || m.end == "" || len(m.edges) == 0 {
		return nil, errors.New(`ARCHITECTURE.md, "Phases": the diagram has no start, no end, or no transition`)
	}
	m.arrange()
	for _, e := range m.edges {
		if !slices.Contains(m.states, e.from) {
			return nil, fmt.Errorf("ARCHITECTURE.md, \"Phases\": nothing leads to %s", e.from)
		}
	}
	return m, nil
}

// arrange puts a state above those that follow it: the reverse of the order in which a search leaves them. Only an
// edge that closes a circle leads upwards then.
func (m *machine) arrange() {
	seen := map[string]bool{}
	var visit func(state string)
	visit = func(state string) {
		if seen[state] {
			return
		}
		seen[state] = true
		for _, e := range m.edges {
			if e.from == state {
				visit(e.to)
			}
		}
		m.states = append(m.states, state)
	}
	visit(m.start)
	slices.Reverse(m.states)
}

// What the drawing measures, in pixels. It is so narrow that a phone shows it in its natural size.
const (
	boxLeft    = 8
	boxWidth   = 84
	boxRight   = boxLeft + boxWidth
	entry      = 10  // from the top of a box to the arrows that lead into it
	lineHeight = 13  // of an edge's events
	gap        = 12  // between boxes
	firstRail  = 218 // right of the events
	railWidth  = 13
	smallest   = 42 // height of a box: its name, and how many connections are in it
)

// rail is the vertical line on which all edges to one state run.
type rail struct{ top, bottom, column int }

// plan says where a machine's parts are.
type plan struct {
	tops, bottoms map[string]int // of the boxes
	stubs         map[*edge]int  // height at which the edge leaves its box
	rails         map[string]*rail
	columns       int
	height        int
}

// plan lays the states out below each other. An edge leaves its state below its events, runs on the rail of the state
// that it leads to, and enters that from the right.
func (m *machine) plan() plan {
	p := plan{tops: map[string]int{}, bottoms: map[string]int{}, stubs: map[*edge]int{}, rails: map[string]*rail{}}
	y := 30
	for _, state := range m.states {
		p.tops[state] = y
		y += entry + 4
		for _, e := range m.edges {
			if e.from == state {
				y += lineHeight*len(e.events) + 4
				p.stubs[e] = y
			}
		}
		y = max(y+6, p.tops[state]+smallest)
		p.bottoms[state] = y
		y += gap
	}
	p.height = y + 16
	for _, e := range m.edges {
		r := p.rails[e.to]
		if r == nil {
			r = &rail{p.tops[e.to] + entry, p.tops[e.to] + entry, 0}
			p.rails[e.to] = r
		}
		r.top, r.bottom = min(r.top, p.stubs[e]), max(r.bottom, p.stubs[e])
	}
	p.spread(m.states)
	return p
}

// spread gives each rail a column in which no other rail is in its way. Short rails are near the boxes.
func (p *plan) spread(states []string) {
	var all []*rail
	for _, state := range states {
		if r := p.rails[state]; r != nil {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *rail) int { return (a.bottom - a.top) - (b.bottom - b.top) })
	for i, r := range all {
		for slices.ContainsFunc(all[:i], func(o *rail) bool {
			return o.column == r.column && o.top <= r.bottom+6 && r.top <= o.bottom+6
		}) {
			r.column++
		}
		p.columns = max(p.columns, r.column+1)
	}
}

// phasesStyle gives a drawing that stands alone the greys of the palette. Within a page, the page's palette is used.
const phasesStyle = `<style>
svg:root { --paper: #fff; --panel: #fff; --ink: #222; --faint: #555; --line: #bbb; background: #fff; }
@media (prefers-color-scheme: dark) {
  svg:root { --paper: #1f1f1f; --panel: #1f1f1f; --ink: #e6e6e6; --faint: #a6a6a6; --line: #555; background: #1f1f1f; }
}
</style>`

// svg draws the machine. The group of a state has the id phase-STATE, that of an edge phase-FROM-TO.
func (m *machine) svg() string {
	p := m.plan()
	width := firstRail + p.columns*railWidth
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" role="img" `+
		`aria-label="%s" font-family="system-ui, sans-serif" font-size="11">`+"\n%s\n", width, p.height, width,
		html.EscapeString(m.words()), phasesStyle)
	middle := boxLeft + boxWidth/2
	fmt.Fprintf(&b, `<g fill="var(--ink)"><circle cx="%d" cy="8" r="5"/><path d="M%d 8V24" stroke="var(--ink)"/>`+
		`<path d="M%d 30l-4 -8h8z"/></g>`+"\n", middle, middle, middle)
	bottom := p.bottoms[m.end]
	fmt.Fprintf(&b, `<g fill="var(--ink)"><path d="M%d %dv8" stroke="var(--ink)"/><path d="M%d %dl-4 -8h8z"/>`+
		`<circle cx="%d" cy="%d" r="6" fill="none" stroke="var(--ink)"/><circle cx="%d" cy="%d" r="3"/></g>`+"\n",
		middle, bottom, middle, bottom+12, middle, bottom+18, middle, bottom+18)
	b.WriteString(`<g class="changes" transform="translate(0.5 0.5)">` + "\n") // lines of a pixel are sharp there
	for _, e := range m.edges {
		p.edge(&b, e)
	}
	b.WriteString("</g>\n")
	for _, state := range m.states {
		top := p.tops[state]
		fmt.Fprintf(&b, `<g id="phase-%s" class="phase"><rect x="%d" y="%d" width="%d" height="%d" rx="6" `+
			`fill="var(--panel)" stroke="var(--faint)" stroke-width="1.5"/><text x="%d" y="%d" text-anchor="middle" `+
			`font-size="12" font-weight="600" fill="var(--ink)">%s</text><text class="count" x="%d" y="%d" `+
			`text-anchor="middle" fill="var(--ink)"></text></g>`+"\n", state, boxLeft, top, boxWidth,
			p.bottoms[state]-top, middle, top+18, state, middle, top+34)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// edge draws an edge with its events above it.
func (p *plan) edge(b *strings.Builder, e *edge) {
	stub, into := p.stubs[e], p.tops[e.to]+entry
	x := firstRail + p.rails[e.to].column*railWidth
	fmt.Fprintf(b, `<g id="phase-%s-%s" class="change" data-from="%s" data-to="%s">`, e.from, e.to, e.from, e.to)
	fmt.Fprintf(b, `<path d="M%d %dH%dV%dH%d" fill="none" stroke="var(--faint)"/>`, boxRight, stub, x, into, boxRight+6)
	fmt.Fprintf(b, `<path class="tip" d="M%d %dl8 -4v8z" fill="var(--faint)"/>`, boxRight, into)
	fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="2.2" fill="var(--faint)"/>`, x, stub)
	for i, event := range e.events {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="var(--ink)">%s</text>`, boxRight+8,
			stub-4-lineHeight*(len(e.events)-1-i), html.EscapeString(event))
	}
	b.WriteString("</g>\n")
}

// words says what the drawing shows.
func (m *machine) words() string {
	all := []string{fmt.Sprintf("The phases of a connection. It begins in %s and ends in %s", m.start, m.end)}
	for _, state := range m.states {
		var to []string
		for _, e := range m.edges {
			if e.from == state {
				to = append(to, fmt.Sprintf("%s (%s)", e.to, strings.Join(e.events, ", ")))
			}
		}
		if to != nil {
			all = append(all, fmt.Sprintf("From %s to %s", state, strings.Join(to, ", ")))
		}
	}
	return strings.Join(all, ". ") + "."
}
