package transcript

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hole is a placeholder in a line.
type hole struct {
	kind     string
	low      float64
	high     float64
	ranged   bool
	recorded string // "" if there is none
}

// kinds has, for each kind of hole, the expression that it matches.
var kinds = map[string]string{
	"int": `-?\d+`, "number": `-?\d[\d,]*(?:\.\d+)?`, "hex": `[0-9a-fA-F]+`, "word": `\S+`,
	"pid": `\d+`, "port": `\d+`, "any": `.*?`,
	"date":  `\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT`,
	"bytes": `\d[\d,]*(?:\.\d+)? ?(?:[kKMG]i?B?|B|bytes)?`,
	"ms":    `\d[\d,]*(?:\.\d+)? ?ms`, "us": `\d[\d,]*(?:\.\d+)? ?(?:us|µs)`, "s": `\d[\d,]*(?:\.\d+)? ?s`,
}

var times = []string{"ms", "us", "s"}

var placeholder = regexp.MustCompile(
	`\{(int|number|hex|word|pid|port|any|date|bytes|ms|us|s)` +
		`(?: (\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?))?(?: = ([^{}]*))?\}`)

// pattern is a line of expected output: literals, with a hole between each two.
type pattern struct {
	literals []string
	holes    []hole
	match    *regexp.Regexp
}

func parsePattern(line string) (*pattern, error) {
	p := new(pattern)
	var re strings.Builder
	re.WriteString("^")
	done := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(line, -1) {
		sub := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return line[m[2*i]:m[2*i+1]]
		}
		h := hole{kind: sub(1), recorded: sub(4), ranged: sub(2) != ""}
		if h.ranged {
			var bad1, bad2 error
			h.low, bad1 = strconv.ParseFloat(sub(2), 64)
			h.high, bad2 = strconv.ParseFloat(sub(3), 64)
			if bad1 != nil || bad2 != nil || h.low > h.high || !numeric(h.kind) {
				return nil, fmt.Errorf("%s is not a range", line[m[0]:m[1]])
			}
		}
		p.literals = append(p.literals, line[done:m[0]])
		p.holes = append(p.holes, h)
		re.WriteString(regexp.QuoteMeta(line[done:m[0]]) + "(" + kinds[h.kind] + ")")
		done = m[1]
	}
	p.literals = append(p.literals, line[done:])
	re.WriteString(regexp.QuoteMeta(line[done:]) + "$")
	p.match = regexp.MustCompile(re.String())
	return p, nil
}

func numeric(kind string) bool {
	return kind == "int" || kind == "number" || kind == "bytes" || slices.Contains(times, kind)
}

// values returns what the holes match in a line. If strict is true, ranges of times are taken as
// written.
func (p *pattern) values(line string, strict bool) (values []string, ok bool) {
	m := p.match.FindStringSubmatch(line)
	if m == nil {
		return nil, false
	}
	for i, h := range p.holes {
		if !h.holds(m[1+i], strict) {
			return nil, false
		}
	}
	return m[1:], true
}

var leading = regexp.MustCompile(`^-?[\d,.]+`)

func (h hole) holds(value string, strict bool) bool {
	if !h.ranged {
		return true
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(leading.FindString(value), ",", ""), 64)
	low, high := h.low, h.high
	if !strict && slices.Contains(times, h.kind) {
		low, high = low/10, high*10
	}
	return err == nil && low <= n && n <= high
}

// with returns the line with those values recorded in its holes.
func (p *pattern) with(values []string) string {
	var b strings.Builder
	for i, h := range p.holes {
		b.WriteString(p.literals[i] + "{" + h.kind)
		if h.ranged {
			fmt.Fprintf(&b, " %v..%v", h.low, h.high)
		}
		if !strings.ContainsAny(values[i], "{}") {
			b.WriteString(" = " + values[i])
		}
		b.WriteString("}")
	}
	return b.String() + p.literals[len(p.holes)]
}

// isLines reports whether a line of expected output stands for any number of lines.
func isLines(line string) bool { return strings.TrimSpace(line) == "{lines}" }
