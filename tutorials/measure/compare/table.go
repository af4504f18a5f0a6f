package compare

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// column is a column of the table.
type column struct {
	head  string
	about string // what it means, on the page
	cell  func(r *Row, t *Table) string
}

var columns = []column{
	{"server", "the program that was measured",
		func(r *Row, _ *Table) string { return r.Server }},
	{"messages/s", "messages that were answered in a second",
		func(r *Row, _ *Table) string { return fmt.Sprintf("%.0f", r.Sums[Rate].Mid) }},
	{"CPU µs/message", "CPU time of the server for one message, in microseconds: the median of the rounds, and in parentheses the range of their middle half",
		cpuCell},
	{"user + system", "that CPU time as the server's own code uses it, and as the kernel does on its behalf",
		func(r *Row, _ *Table) string {
			if r.Sums[User].Mid+r.Sums[System].Mid == 0 {
				return "–"
			}
			return fmt.Sprintf("%.2f + %.2f", r.Sums[User].Mid/1e3, r.Sums[System].Mid/1e3)
		}},
	{"× base", "CPU time as a multiple of the base's, which is the server that the others are compared with; ≈ means that the rounds show no difference",
		claimCell},
	{"p50", "latency: half of the messages were answered within this time",
		latencyCell(P50)},
	{"p99", "latency: 99 of 100 messages were answered within this time",
		latencyCell(P99)},
	{"p99.9", "latency: 999 of 1000 messages were answered within this time",
		latencyCell(P999)},
	{"calls/message", "system calls for one message",
		callsCell},
	{"ready/round", "connections that had something to do each time that poll or epoll_wait returned",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[Ready].Mid) }},
	{"RSS, MiB", "resident memory of the server's processes together; pages that they share count for each",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[RSS].Mid/(1<<20)) }},
	{"PSS", "the same in MiB, with each shared page counted once",
		func(r *Row, _ *Table) string { return optional("%.1f", r.Sums[PSS].Mid/(1<<20)) }},
	{"KiB/connection", "memory (PSS) that one connection adds",
		func(r *Row, _ *Table) string { return optional("%.2f", r.Sums[PerConn].Mid/1024) }},
}

func cpuCell(r *Row, _ *Table) string {
	s := r.Sums[CPU]
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Mid/1e3, s.Low/1e3, s.High/1e3)
}

// claimCell prints no difference that isn't supported.
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

// callsCell: by strace in brackets, for then everything is slower and less is ready at a time.
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

// cells are the table without its heads: a row for each server that was measured.
func (t *Table) cells() (rows [][]string) {
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Absent == "" {
			var cells []string
			for _, c := range columns {
				cells = append(cells, c.cell(r, t))
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// WriteText writes the tables as text, and then what is to be known about them.
func (r *Report) WriteText(w io.Writer) {
	for _, s := range r.Verdict() {
		fmt.Fprintf(w, "\n%s\n", s)
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		fmt.Fprintf(w, "\n%s\n", t.Title)
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		line := func(cells []string) {
			for _, c := range cells {
				fmt.Fprintf(tw, "%s\t", c)
			}
			fmt.Fprintln(tw)
		}
		line(heads())
		for _, cells := range t.cells() {
			line(cells)
		}
		tw.Flush()
		for _, row := range t.Rows {
			if row.Absent != "" {
				fmt.Fprintf(w, "%s: left out: %s\n", row.Server, row.Absent)
			}
		}
	}
	fmt.Fprintln(w)
	for _, l := range r.Notes() {
		fmt.Fprintln(w, l)
	}
}

func heads() (h []string) {
	for _, c := range columns {
		h = append(h, c.head)
	}
	return h
}

// Notes are what a reader of the tables has to know.
func (r *Report) Notes() []string {
	notes := []string{
		fmt.Sprintf("%s, %s, %s. %s.", r.Kernel, r.Machine, r.Go, r.Where),
		fmt.Sprintf("Medians of %d rounds, quartiles in parentheses. “× base” is CPU per message, compared "+
			"within rounds; ≈: a sign test supports no difference.", r.Rounds),
		"System calls in brackets are strace's, of a run of its own in which everything is slower.",
	}
	if r.Rounds < 6 {
		notes = append(notes, "Fewer than 6 rounds support no difference at all: use -rounds 7, better 15.")
	}
	noisy := r.Noisy()
	if len(noisy) == 0 {
		return append(notes, "The machine was quiet.")
	}
	return append(append(notes, "The machine was not quiet, or the load the limit:"), noisy...)
}
