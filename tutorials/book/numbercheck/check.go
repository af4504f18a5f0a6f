package numbercheck

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Check is a check block of a chapter.
type Check struct {
	Line     int
	Counts   bool // whether its numbers are counts
	Sentence string
	Values   []Value
	Want     Want
	Ours     string // the last recorded result, as Shown gives it, and the machine; "" if there is none

	text string // the whole block
}

// Value is the name of a number, and the command that prints the number.
type Value struct{ Name, Command string }

// Want is the condition that must hold.
type Want struct {
	Value, Per string // the names of the values; Per is "" if the condition isn't about a ratio
	Form       string // =, <=, >= or ..
	Low, High  float64
	Text       string // as written
}

var (
	assignment = regexp.MustCompile(`^([a-z]\w*) = (.+)$`)
	wanted     = regexp.MustCompile(`^(\w+)(?: / (\w+))? ` +
		`(?:(=|<=|>=) (\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\.\.(\d+(?:\.\d+)?))$`)
)

// Parse parses a block whose first line has that number. words are those after "check" in its info
// string.
func Parse(text string, line int, words []string) (*Check, error) {
	c := &Check{Line: line, text: text}
	for _, w := range words {
		if w != "counts" {
			return nil, fmt.Errorf("unknown word %q after \"check\": only \"counts\" may stand there", w)
		}
		c.Counts = true
	}
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		m := assignment.FindStringSubmatch(l)
		want, isWant := strings.CutPrefix(l, "want ")
		ours, isOurs := strings.CutPrefix(l, "ours ")
		switch {
		case m != nil:
			c.Values = append(c.Values, Value{m[1], m[2]})
		case isWant:
			if err := c.Want.parse(want); err != nil {
				return nil, err
			}
		case isOurs:
			c.Ours = c.rounded(ours)
		case c.Values != nil:
			return nil, fmt.Errorf("a line of a check must be a command, a want or an ours, not %q", l)
		default:
			c.Sentence = strings.TrimSpace(c.Sentence + " " + l)
		}
	}
	return c, c.complete()
}

func (c *Check) complete() error {
	known := map[string]bool{"": true}
	for _, v := range c.Values {
		known[v.Name] = true
	}
	switch {
	case c.Sentence == "":
		return fmt.Errorf("a check must begin with a sentence that says what it claims")
	case c.Want.Text == "":
		return fmt.Errorf("a check must have a line “want ...”")
	case !known[c.Want.Value]:
		return fmt.Errorf("the check wants %s, but no command has that name", c.Want.Value)
	case !known[c.Want.Per]:
		return fmt.Errorf("the check wants %s, but no command has that name", c.Want.Per)
	}
	return nil
}

func (w *Want) parse(text string) error {
	m := wanted.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("a want must have a form like \"a >= 3\" or \"a / b 50..60\", not %q", text)
	}
	*w = Want{Value: m[1], Per: m[2], Form: m[3], Text: text}
	var bad1, bad2 error
	if w.Form == "" {
		w.Form = ".."
		w.Low, bad1 = strconv.ParseFloat(m[5], 64)
		w.High, bad2 = strconv.ParseFloat(m[6], 64)
	} else {
		w.Low, bad1 = strconv.ParseFloat(m[4], 64)
		w.High = w.Low
	}
	if bad1 != nil || bad2 != nil || w.Low > w.High {
		return fmt.Errorf("the numbers of this want make no sense: %q", text)
	}
	return nil
}

// Narrow reports whether noise could make the check fail.
func (c *Check) Narrow() bool {
	w := c.Want
	switch {
	case c.Counts, w.Form == "=":
		return false
	case w.Form == "..":
		return w.Low == 0 || w.High/w.Low < 25
	case w.Form == ">=":
		return w.Low < 5
	}
	return w.High == 0 || 1/w.High < 5 // a ratio of at most 0.2 is a ratio of at least 5 the other way round
}

// Holds reports whether n meets the condition.
func (w Want) Holds(n float64) bool {
	switch w.Form {
	case ">=":
		return n >= w.Low
	case "<=":
		return n <= w.High
	}
	return w.Low <= n && n <= w.High
}

// Shown formats a result for a reader: with three digits, or with all digits if it is a count.
func (c *Check) Shown(n float64) string {
	if c.Counts && n == math.Trunc(n) {
		return Number(n, 15)
	}
	return Number(n, 3)
}

// rounded formats the number with which a text begins.
func (c *Check) rounded(ours string) string {
	digits, where, _ := strings.Cut(ours, " ")
	n, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
	if err != nil {
		return ours
	}
	return strings.TrimSpace(c.Shown(n) + " " + where)
}

// Number formats a number with so many significant digits, with commas, and without an exponent.
func Number(n float64, digits int) string {
	n, _ = strconv.ParseFloat(strconv.FormatFloat(n, 'g', digits, 64), 64)
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(math.Abs(n), 'f', -1, 64), ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if n < 0 {
		whole = "-" + whole
	}
	return whole
}

// Recorded returns the block's text with another recorded result.
func (c *Check) Recorded(ours string) string {
	var b strings.Builder
	for l := range strings.Lines(c.text) {
		if !strings.HasPrefix(l, "ours ") {
			b.WriteString(l)
		}
	}
	return b.String() + "ours " + ours + "\n"
}
