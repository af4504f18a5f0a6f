package pages

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// drawnPhases draws the diagram of ARCHITECTURE.md.
func drawnPhases(t *testing.T) (text, svg string) {
	t.Helper()
	file, err := os.ReadFile("../../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	m, err := readMachine(string(file))
	if err != nil {
		t.Fatal(err)
	}
	return string(file), m.svg()
}

// shape is a piece of an SVG drawing: an element and the group that it is in.
type shape struct {
	group map[string]string
	name  string
	attr  map[string]string
	text  string
}

// shapes reads a drawing.
func shapes(t *testing.T, svg string) (all []*shape) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	var groups []map[string]string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			attr := make(map[string]string)
			for _, a := range token.Attr {
				attr[a.Name.Local] = a.Value
			}
			if token.Name.Local == "g" {
				groups = append(groups, attr)
				continue
			}
			s := &shape{name: token.Name.Local, attr: attr}
			if len(groups) > 0 {
				s.group = groups[len(groups)-1]
			}
			all = append(all, s)
		case xml.EndElement:
			if token.Name.Local == "g" {
				groups = groups[:len(groups)-1]
			}
		case xml.CharData:
			if len(all) > 0 {
				all[len(all)-1].text += strings.TrimSpace(string(token))
			}
		}
	}
}

// The drawing has the states and transitions of the mermaid diagram, with the same events, and no others.
func TestThePhasesAreThoseOfTheDiagram(t *testing.T) {
	text, svg := drawnPhases(t)
	_, text, _ = strings.Cut(text, "stateDiagram-v2")
	text, _, _ = strings.Cut(text, "```")
	wantStates, want := map[string]bool{}, map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(\w+) --> (\w+): (.*)$`).FindAllStringSubmatch(text, -1) {
		wantStates[m[1]], wantStates[m[2]] = true, true
		want[m[1]+" → "+m[2]] = m[3]
	}
	states, edges := map[string]bool{}, map[string]string{}
	for _, s := range shapes(t, svg) {
		switch {
		case s.group["class"] == "phase" && s.name == "text" && s.text != "":
			if s.group["id"] != "phase-"+s.text {
				t.Errorf("the state %s has the id %s", s.text, s.group["id"])
			}
			states[s.text] = true
		case s.group["class"] == "change" && s.name == "text":
			from, to := s.group["data-from"], s.group["data-to"]
			if s.group["id"] != "phase-"+from+"-"+to {
				t.Errorf("the edge from %s to %s has the id %s", from, to, s.group["id"])
			}
			if edges[from+" → "+to] != "" {
				edges[from+" → "+to] += " / "
			}
			edges[from+" → "+to] += s.text
		}
	}
	if d := cmp.Diff(wantStates, states); d != "" {
		t.Errorf("the states (- ARCHITECTURE.md, + drawing):\n%s", d)
	}
	if d := cmp.Diff(want, edges); d != "" {
		t.Errorf("the transitions (- ARCHITECTURE.md, + drawing):\n%s", d)
	}
	if len(states) < 10 || len(edges) < 20 {
		t.Errorf("%d states and %d transitions were compared, want more", len(states), len(edges))
	}
}

var wayOf = regexp.MustCompile(`^M(\d+) (\d+)H(\d+)V(\d+)H(\d+)$`)

// Each edge leaves the box of its state and enters that of the other. No two rails lie upon each other, and no line
// runs through the text of another edge.
func TestEdgesLeadFromBoxToBox(t *testing.T) {
	_, svg := drawnPhases(t)
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		return n
	}
	all := shapes(t, svg)
	boxes := map[string][2]int{} // top and bottom
	for _, s := range all {
		if s.group["class"] == "phase" && s.name == "rect" {
			top := number(s.attr["y"])
			boxes[strings.TrimPrefix(s.group["id"], "phase-")] = [2]int{top, top + number(s.attr["height"])}
		}
	}
	type line struct{ x, top, bottom int }
	rails, left := map[string][]line{}, 1000
	for _, s := range all {
		m := wayOf.FindStringSubmatch(s.attr["d"])
		if s.group["class"] != "change" || m == nil {
			continue
		}
		from, to := boxes[s.group["data-from"]], boxes[s.group["data-to"]]
		if y := number(m[2]); y <= from[0] || y >= from[1] {
			t.Errorf("%s leaves at %d, beside the box %v", s.group["id"], y, from)
		}
		if y := number(m[4]); y <= to[0] || y >= to[1] {
			t.Errorf("%s enters at %d, beside the box %v", s.group["id"], y, to)
		}
		l := line{number(m[3]), min(number(m[2]), number(m[4])), max(number(m[2]), number(m[4]))}
		left = min(left, l.x)
		for other, lines := range rails {
			for _, o := range lines {
				if other != s.group["data-to"] && o.x == l.x && o.top <= l.bottom && l.top <= o.bottom {
					t.Errorf("%s runs upon a line to %s", s.group["id"], other)
				}
			}
		}
		rails[s.group["data-to"]] = append(rails[s.group["data-to"]], l)
	}
	for _, s := range all {
		const character = 6.1 // the widest mean of a text of 11 pixels
		if s.group["class"] == "change" && s.name == "text" {
			if right := float64(number(s.attr["x"])) + character*float64(len(s.text)); right > float64(left) {
				t.Errorf("%q ends at %.0f, behind a line at %d", s.text, right, left)
			}
		}
	}
}

// A phone shows the drawing in its natural size, and the palette paints it.
func TestThePhasesFitAPhone(t *testing.T) {
	_, svg := drawnPhases(t)
	var width, height int
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox"):], `viewBox="0 0 %d %d"`, &width, &height); err != nil {
		t.Fatal(err)
	}
	if width > 340 || height > 1200 {
		t.Errorf("the drawing measures %d by %d pixels", width, height)
	}
	for _, s := range shapes(t, svg) {
		for _, name := range []string{"fill", "stroke"} {
			if paint, ok := s.attr[name]; ok && !painted.MatchString(paint) {
				t.Errorf("<%s %s=%q>: its colour isn't the style sheet's", s.name, name, paint)
			}
		}
	}
}

func TestADiagramThatCantBeReadIsAnError(t *testing.T) {
	const before = "\n## Phases\n\n```mermaid\nstateDiagram-v2\n"
	for text, want := range map[string]string{
		"# Nothing": "no mermaid state diagram",
		before + "    [*] --> a\n    a -> b\n```\n":                      `"    a -> b" isn't a transition`,
		before + "    [*] --> a\n    a --> b: x\n```\n":                  "no end",
		before + "    [*] --> a\n    a --> b: x\n    a --> c: y\n":       "no mermaid state diagram",
		before + "    [*] --> a\n    c --> a: x\n    a --> [*]\n```\n":   "nothing leads to c",
		before + "    [*] --> a\n    a --> b: x\n    b --> [*]\n```\n":   "",
		before + "    [*] --> a\n    a --> b\n    b --> [*]\n```\n# End": "",
	} {
		m, err := readMachine(text)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want an error with %q", text, err, want)
		case want == "":
			m.svg()
		}
	}
}
