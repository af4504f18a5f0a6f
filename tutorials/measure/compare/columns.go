package compare

import (
	"fmt"
	"strings"
)

// columns returns the columns of a table of this kind.
func (t *Table) columns() []column {
	switch t.Kind {
	case "spread":
		return spreadColumns
	case "greedy":
		return greedyColumns
	}
	return columns
}

var spreadColumns = []column{
	columns[0],
	{"connections of each loop", "how many connections each loop or worker process has, the median of all " +
		"rounds; the loops are ordered by this number in each round, so the first isn't always the same",
		loopsCell},
	{"most, × equal share", "connections of the loop that has most, as a multiple of what each would have if " +
		"all had equally many: the median of all rounds and, in parentheses, the range of the middle half",
		func(r *Row, _ *Table) string {
			s := r.Sums[Even]
			return fmt.Sprintf("%.2f (%.2f–%.2f)", s.Mid, s.Low, s.High)
		}},
}

func loopsCell(r *Row, _ *Table) string {
	var counts []string
	for i := 1; ; i++ {
		s, ok := r.Sums[fmt.Sprintf(nth, i)]
		if !ok {
			return strings.Join(counts, ", ")
		}
		counts = append(counts, fmt.Sprintf("%.0f", s.Mid))
	}
}

var greedyColumns = []column{
	columns[0],
	{"p50 alone", "round-trip time of the quiet clients without the greedy client: half of the messages were " +
		"answered within this time, which is the median of all rounds; in parentheses, the range of the middle half",
		spreadCell(P50Alone)},
	{"p50, same loop", "the same for quiet clients in the loop of the greedy client, while it sends",
		spreadCell(P50Same)},
	{"p50, other loops", "the same for quiet clients in other loops, at the same time",
		spreadCell(P50Other)},
	{"p99 alone", "99 of 100 messages were answered within this time, without the greedy client",
		spreadCell(P99Alone)},
	{"p99, same loop", "the same in the loop of the greedy client, while it sends",
		spreadCell(P99Same)},
	{"p99, other loops", "the same in other loops, at the same time",
		spreadCell(P99Other)},
	{"greedy, messages/s", "messages of the greedy client that were answered per second",
		func(r *Row, _ *Table) string { return fmt.Sprintf("%.0f", r.Sums[GreedyRate].Mid) }},
}

func spreadCell(unit string) func(r *Row, _ *Table) string {
	return func(r *Row, _ *Table) string {
		s, ok := r.Sums[unit]
		if !ok {
			return "–"
		}
		return fmt.Sprintf("%s (%s–%s)", duration(s.Mid), duration(s.Low), duration(s.High))
	}
}

// brief describes a sample in a few words.
func (s *Sample) brief(c *Case) string {
	ms := func(unit string) float64 { return s.Values[unit] / 1e6 }
	switch c.kind() {
	case "spread":
		return fmt.Sprintf("the fullest loop has %.2f times an equal share of the connections", s.Values[Even])
	case "greedy":
		return fmt.Sprintf("p99 of quiet clients %.2f ms alone, %.2f ms in the greedy client's loop, %.2f ms in others",
			ms(P99Alone), ms(P99Same), ms(P99Other))
	}
	return fmt.Sprintf("%.0f messages/s, %.2f µs of CPU per message", s.Values[Rate], s.Values[CPU]/1e3)
}
