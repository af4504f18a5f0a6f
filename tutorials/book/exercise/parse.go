package exercise

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"threeloops/tutorials/tester"
)

// fewest is the smallest number of hints that an exercise may have.
const fewest = 3

// section is a heading with the text below it.
type section struct {
	title, body string
	line        int
}

// parse reads exercise.md. Each line of the error begins with its place.
func (e *Exercise) parse(text string) error {
	sections := divide(text)
	faults := e.head(sections[0])
	var last *section
	for _, s := range sections[1:] {
		if s.body == "" {
			faults = append(faults, e.fault(s.line, "the section %q is empty", s.title))
		}
		switch {
		case s.title == e.first() && last == nil:
			e.Symptom = s.body
		case s.title == "Hint" && last != nil && (last.title == e.first() || last.title == "Hint"):
			e.Hints = append(e.Hints, s.body)
		case s.title == "Explanation" && last != nil && last.title == "Hint":
			e.Explanation = s.body
		default:
			faults = append(faults, e.fault(s.line, "the section %q is out of place: "+
				"write first %s, then Hint, %d times or more, then Explanation", s.title, e.first(), fewest))
		}
		last = &s
	}
	end := strings.Count(strings.TrimRight(text, "\n"), "\n") + 1
	switch {
	case last == nil || last.title != "Explanation":
		faults = append(faults, e.fault(end, "the section “Explanation” is missing at the end"))
	case len(e.Hints) < fewest:
		faults = append(faults, e.fault(end, "the exercise has %d hints, want %d or more", len(e.Hints), fewest))
	}
	return errors.Join(faults...)
}

// first returns the title of the section that says what the exercise is about.
func (e *Exercise) first() string {
	if e.Complete {
		return "Task"
	}
	return "Symptom"
}

// divide cuts a text at the headings of the second level. The first section is the text before
// them.
func divide(text string) []section {
	all := []section{{line: 1}}
	var body []string
	line, code := 0, false
	flush := func() {
		s := &all[len(all)-1]
		s.body = strings.Trim(strings.Join(body, "\n"), "\n")
		body = nil
	}
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line++
		l = strings.TrimRight(l, " \r")
		if strings.HasPrefix(l, "```") {
			code = !code
		}
		if title, ok := strings.CutPrefix(l, "## "); ok && !code {
			flush()
			all = append(all, section{title: strings.TrimSpace(title), line: line})
			continue
		}
		body = append(body, l)
	}
	flush()
	return all
}

// head reads the title and the lines below it.
func (e *Exercise) head(s section) (faults []error) {
	title, rest, _ := strings.Cut(s.body, "\n")
	var ok bool
	if e.Title, ok = strings.CutPrefix(title, "# "); !ok || strings.TrimSpace(e.Title) == "" {
		faults = append(faults, e.fault(1, "the first line must be the title, “# ...”, which names the symptom"))
	}
	e.Sound = "server"
	red := 1
	for i, l := range strings.Split(rest, "\n") {
		name, value, _ := strings.Cut(l, ":")
		switch value = strings.TrimSpace(value); {
		case l == "":
		case name == "sound":
			e.Sound = value
		case name == "task" && value == "complete":
			e.Complete = true
		case name == "kind":
			e.Kind = value
		case name == "red":
			red = i + 2
			e.Red = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })
		default:
			faults = append(faults, e.fault(i+2, "between the title and Symptom only kind:, red:, sound: and “task: complete” may stand"))
		}
	}
	known := tester.Checks(e.Kind, e.Number)
	if len(known) == 0 {
		return append(faults, e.fault(1, "up to chapter %d there are no checks for the kind %q; "+
			"write “kind: line”, or http, ws or room", e.Number, e.Kind))
	}
	if len(e.Red) == 0 {
		faults = append(faults, e.fault(red, "“red: ...” must name the checks that fail, with commas between them"))
	}
	for _, name := range e.Red {
		if !slices.Contains(known, name) {
			faults = append(faults, e.fault(red, "there is no check %q for the kind %s up to chapter %d; there are: %s",
				name, e.Kind, e.Number, strings.Join(known, ", ")))
		}
	}
	return faults
}

func (e *Exercise) fault(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: "+format, append([]any{e.Path, line}, args...)...)
}
