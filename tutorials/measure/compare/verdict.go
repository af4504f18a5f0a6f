package compare

import (
	"fmt"
	"strings"
)

// Verdict says in sentences what the tables show about CPU time, one sentence per table. It claims
// only differences that the rounds support.
func (r *Report) Verdict() (sentences []string) {
	for i := range r.Tables {
		if s := r.Tables[i].verdict(); s != "" {
			sentences = append(sentences, s)
		}
	}
	return sentences
}

// verdict compares each server of a table with its base.
func (t *Table) verdict() string {
	var different, alike []string
	for i := range t.Rows {
		row := &t.Rows[i]
		switch c := row.CPU; {
		case row.Absent != "" || row.Server == t.Base || c == nil:
		case !c.Different:
			alike = append(alike, row.Server)
		default:
			different = append(different, fmt.Sprintf("%s needs %.2f times the CPU time of %s for a message "+
				"(in the middle half of "+
				"the rounds: %.2f to %.2f times)", row.Server, c.Mid, t.Base, c.Low, c.High))
		}
	}
	if alike != nil {
		different = append(different, fmt.Sprintf("these rounds don't show that %s differs from %s",
			t.Base, oneOf(alike)))
	}
	if different == nil {
		return ""
	}
	return t.Title + ": " + strings.Join(different, "; ") + "."
}

// oneOf lists names: “a”, “a or b”, “a, b or c”.
func oneOf(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// explained is a column's head and its meaning.
type explained struct{ Head, About string }

// explanations returns the explanations of the columns and of the tables' titles.
func (r *Report) explanations() (all []explained) {
	seen := make(map[string]bool)
	for i := range r.Tables {
		for _, c := range r.Tables[i].columns() {
			if !seen[c.head] {
				all = append(all, explained{c.head, c.about})
			}
			seen[c.head] = true
		}
	}
	return append(all, explained{"64 B x 100",
		"a table's title: messages of 64 bytes on 100 connections; “16 in flight” means that each connection sends " +
			"16 messages before it waits for an answer, “a connection each” that each message has a new connection, " +
			"and “idle” counts connections that stay open and send nothing"})
}
