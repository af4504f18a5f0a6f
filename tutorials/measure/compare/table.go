package compare

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// column is a column of a table.
type column struct {
	head  string
	about string // its explanation on the page
	cell  func(r *Row, t *Table) string
}

var columns = []column{
	{"server", "the server that was measured",
		func(r *Row, _ *Table) string { return r.Server }},
	{"messages/s", "messages answered per second",
		func(r *Row, _ *Table) string { return fmt.Sprintf("%.0f", r.Sums[Rate].Mid) }},
	{"CPU µs/message", "CPU time of the server for one message, in microseconds: the median of all rounds " +
		"and, in parentheses, the range of the middle half of the rounds",
		cpuCell},
	{"user + system", "the two parts of that CPU time: in the server's own code, and in the kernel on behalf " +
		"of the server",
		func(r *Row, _ *Table) string {
			if r.Sums[User].Mid+r.Sums[System].Mid == 0 {
				return "–"
			}
			return fmt.Sprintf("%.2f + %.2f", r.Sums[User].Mid/1e3, r.Sums[System].Mid/1e3)
		}},
	{"× base", "how many times the CPU time of the base a message takes; the base is the server with which " +
		"the others are compared; ≈ means that the rounds show no difference",
		claimCell},
	{"p50", "latency: half of the messages were answered within this time",
		latencyCell(P50)},
	{"p99", "latency: 99 of 100 messages were answered within this time",
		latencyCell(P99)},
	{"p99.9", "latency: 999 of 1000 messages were answered within this time",
		latencyCell(P999)},
	{"calls/message", "system calls for one message; in brackets: counted by strace",
		callsCell},
	{"sleeps/message", "how often a thread of the server went to sleep, for one message",
		func(r *Row, _ *Table) string { return optional("%.3f", r.Sums[Switches].Mid) }},
	{"ready/wait", "how many connections were ready, on average, when poll or epoll_wait returned",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[Ready].Mid) }},
	{"RSS, MiB", "resident set size: memory of all processes of the server together; a page that several " +
		"processes share counts for each of them",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[RSS].Mid/(1<<20)) }},
	{"PSS", "proportional set size, in MiB: the same, but a shared page counts only once",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[PSS].Mid/(1<<20)) }},
	{"KiB/connection", "memory (PSS) that one connection adds",
		func(r *Row, _ *Table) string { return optional("%.2f", r.Sums[PerConn].Mid/1024) }},
}

func cpuCell(r *Row, _ *Table) string {
	s := r.Sums[CPU]
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Mid/1e3, s.Low/1e3, s.High/1e3)
}

// claimCell shows a difference only if the rounds support it.
func claimCell(r *Row, t *Table) string {
	switch {
	case r.Server == t.Base:
		return "base"
	case r.CPU == nil:
		return "–"
	case !r.CPU.Different:
		return "≈"
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", r.CPU.Mid, r.CPU.Low, r.CPU.High)
}

func latencyCell(unit string) func(r *Row, _ *Table) string {
	return func(r *Row, _ *Table) string { return duration(r.Sums[unit].Mid) }
}

// callsCell shows strace's counts in brackets, because under strace a server is slower and fewer
// connections are ready at a time.
func callsCell(r *Row, _ *Table) string {
	if n := r.Traced[Calls]; n > 0 {
		return fmt.Sprintf("[%.2f]", n)
	}
	return optional("%.2f", r.Sums[Calls].Mid)
}

func optional(form string, v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf(form, v)
}

func duration(ns float64) string {
	d := time.Duration(ns)
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// cells returns the table without its heads: a row for each measured server.
func (t *Table) cells() (rows [][]string) {
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Absent == "" {
			var cells []string
			for _, c := range t.columns() {
				cells = append(cells, c.cell(r, t))
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// WriteText writes the tables as text, and then the notes.
func (r *Report) WriteText(w io.Writer) {
	for _, s := range r.Verdict() {
		fmt.Fprintf(w, "\n%s\n", s)
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		fmt.Fprintf(w, "\n%s\n", t.Title)
		if t.Where != "" {
			fmt.Fprintf(w, "%s.\n", t.Where)
		}
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		line := func(cells []string) {
			for _, c := range cells {
				fmt.Fprintf(tw, "%s\t", c)
			}
			fmt.Fprintln(tw)
		}
		line(t.heads())
		for _, cells := range t.cells() {
			line(cells)
		}
		tw.Flush()
		for _, row := range t.Rows {
			if row.Absent != "" {
				fmt.Fprintf(w, "%s was not measured: %s\n", row.Server, row.Absent)
			}
		}
	}
	fmt.Fprintln(w)
	for _, l := range r.Notes() {
		fmt.Fprintln(w, l)
	}
}

func (t *Table) heads() (h []string) {
	for _, c := range t.columns() {
		h = append(h, c.head)
	}
	return h
}

// Notes returns what a reader of the tables must know.
func (r *Report) Notes() []string {
	notes := []string{
		fmt.Sprintf("%s, %s, %s. %s.", r.Kernel, r.Machine, r.Go, r.Where),
		fmt.Sprintf("Each figure is the median of %d rounds; parentheses show the range of their middle half. "+
			"“× base” compares the CPU time "+
			"per message within each round; ≈ means that a sign test finds no difference.", r.Rounds),
		"System calls in brackets were counted by strace in a separate run, in which everything is slower.",
	}
	if r.Rounds < 6 {
		notes = append(notes, "Fewer than 6 rounds can't show a difference: use -rounds 7 or, better, -rounds 15.")
	}
	noisy := r.Noisy()
	if len(noisy) == 0 {
		return append(notes, "The machine was quiet.")
	}
	return append(append(notes, "Take these figures with care:"), noisy...)
}
