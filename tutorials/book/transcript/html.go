package transcript

import (
	"fmt"
	"html"
	"strings"
)

// HTML renders the block for a pre element: commands in kbd, output in samp, and placeholders in
// var.
func (b *Block) HTML() string {
	var s strings.Builder
	for _, step := range b.Steps {
		for i, l := range strings.Split(step.Command, "\n") {
			prompt := "$ "
			if i > 0 {
				prompt = "> "
			}
			fmt.Fprintf(&s, "<span class=\"prompt\">%s</span><kbd>%s</kbd>\n",
				html.EscapeString(prompt), html.EscapeString(l))
		}
		for _, l := range step.Want {
			fmt.Fprintf(&s, "<samp>%s</samp>\n", lineHTML(l))
		}
	}
	return s.String()
}

func lineHTML(line string) string {
	if isLines(line) {
		return `<var title="more lines">…</var>`
	}
	p, err := parsePattern(line)
	if err != nil {
		return html.EscapeString(line)
	}
	var s strings.Builder
	for i, h := range p.holes {
		s.WriteString(html.EscapeString(p.literals[i]))
		text, about := h.recorded, "differs from run to run: "+h.kind
		if h.ranged {
			about += fmt.Sprintf(", %v to %v", h.low, h.high)
		}
		if text == "" {
			text = "‹" + h.kind + "›"
		}
		fmt.Fprintf(&s, `<var title="%s">%s</var>`, html.EscapeString(about), html.EscapeString(text))
	}
	s.WriteString(html.EscapeString(p.literals[len(p.holes)]))
	return s.String()
}
