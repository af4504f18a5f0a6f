package grade

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"threeloops/tutorials/tester"
)

// WriteTable writes a line for each program.
func WriteTable(w io.Writer, all []*Outcome) error {
	const widest = 100 // characters of the last column
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "learner\tpoints\tseconds\twhat didn't pass")
	for _, o := range all {
		fmt.Fprintf(t, "%s\t%d/%d\t%.1f\t%s\n",
			oneLine(o.Learner, widest), o.Points, o.All, o.Seconds, oneLine(o.missing(), widest))
	}
	return t.Flush()
}

// missing names the checks that didn't pass, after the problem if there is one.
func (o *Outcome) missing() string {
	var names []string
	for _, c := range o.Checks {
		if c.Verdict == tester.Failed || c.Verdict == tester.LeftOut {
			names = append(names, c.Check)
		}
	}
	list := strings.Join(names, ", ")
	switch {
	case o.Problem == "":
		return list
	case list == "":
		return o.Problem
	}
	return o.Problem + "; " + list
}

// oneLine makes a text of a program fit for one line of a terminal: without line breaks, control
// characters, and all that is too much.
func oneLine(text string, most int) string {
	line := strings.Join(strings.Fields(printable(text)), " ")
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return line
}

// printable replaces control characters, with which a program could change what a terminal shows.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r == unicode.ReplacementChar) {
			return '?'
		}
		return r
	}, text)
}

// WriteCSV writes a row for each check of each program.
func WriteCSV(w io.Writer, all []*Outcome) error {
	c := csv.NewWriter(w)
	c.Write([]string{"learner", "chapter", "check", "verdict", "why", "seconds", "points", "all"})
	for _, o := range all {
		points, of := strconv.Itoa(o.Points), strconv.Itoa(o.All)
		for _, k := range o.Checks {
			c.Write([]string{
				cell(o.Learner), strconv.Itoa(k.Chapter), k.Check, string(k.Verdict), cell(k.Why),
				strconv.FormatFloat(k.Seconds, 'f', 2, 64), points, of,
			})
		}
	}
	c.Flush()
	return c.Error()
}

// cell keeps a spreadsheet from taking a learner's text for a formula.
func cell(text string) string {
	text = printable(text)
	if text != "" && strings.ContainsRune("=+-@\t", rune(text[0])) {
		return "'" + text
	}
	return text
}

// WriteJSON writes a list with an object for each program.
func WriteJSON(w io.Writer, all []*Outcome) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(all)
}

// WriteReports writes what each program did, as the command test prints it.
func WriteReports(w io.Writer, all []*Outcome) error {
	for _, o := range all {
		if _, err := fmt.Fprintf(w, "== %s: %d of %d ==\n\n", printable(o.Learner), o.Points, o.All); err != nil {
			return err
		}
		text := printable(o.Report)
		if o.Problem != "" {
			text += "\n" + printable(o.Problem) + "\n"
		}
		if _, err := io.WriteString(w, strings.TrimLeft(text, "\n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}
