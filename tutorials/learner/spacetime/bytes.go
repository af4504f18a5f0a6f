package spacetime

import (
	"fmt"
	"strings"
	"time"

	"threeloops/tutorials/tester"
)

// Row is an act of the client that saw the symptom, as the page lists it.
type Row struct {
	Seq   int    // number of the event in the diagram, 0 if the event isn't drawn
	When  string // since the server listened
	What  string
	Bytes string // a dump of the first bytes, "" if there are none
	More  int    // bytes that the dump leaves out
	Fault bool   // here the check saw the symptom
}

const (
	dumped = 192 // bytes of an act that the page dumps
	listed = 40  // acts of a client that the page lists
	width  = 8   // bytes in a line of a dump: a phone shows the line whole
)

// rows lists what the client did and got in which the check saw the symptom. If no client saw it, rows
// lists the acts of the client that did something last. It returns the client's name, too, and how many
// acts before those it leaves out.
func (d *Diagram) rows(l *Log, symptom *tester.Symptom) (who string, all []Row, before int) {
	if len(d.Events) == 0 {
		return "", nil, 0
	}
	fault, last := l.fault(symptom), l.lastOfAClient()
	if fault >= 0 {
		last = fault
	}
	if last < 0 || !l.acts[last].Client.IsValid() {
		return "", nil, 0
	}
	seqs := map[int]int{}
	for _, e := range d.Events {
		seqs[e.act] = e.Seq
	}
	c, judged, start := clientsOf(l.acts)[l.acts[last].Client], l.judged(), d.start()
	for _, i := range c.acts {
		a := &l.acts[i]
		if !judged.IsZero() && a.Began.After(judged) {
			break
		}
		at := drawn(*a, c, nil).at.Sub(start)
		all = append(all, Row{
			Seq: seqs[i+1], When: clock(coarse(at)), What: a.what(), Fault: i == fault,
			Bytes: dump(a.Bytes[:min(len(a.Bytes), dumped)]), More: max(0, a.n-dumped),
		})
	}
	who, before = c.actor.name(), max(0, len(all)-listed)
	if fault < 0 && symptom != nil {
		who += ", the last one that did anything"
	}
	return who, all[before:], before
}

// lastOfAClient returns the place of the last act of a client before the judgement, or -1.
func (l *Log) lastOfAClient() int {
	last := -1
	for i, a := range l.acts {
		if a.Verb == tester.Judge {
			break
		}
		if a.Client.IsValid() {
			last = i
		}
	}
	return last
}

// what says what a client did, for a list.
func (a *act) what() string {
	count := fmt.Sprintf("%d bytes", a.n)
	if a.n == 1 {
		count = "1 byte"
	}
	waited := a.Ended.Sub(a.Began)
	switch a.Verb {
	case tester.Connect:
		return "connects"
	case tester.Shutdown:
		return "sends a FIN, and still reads"
	case tester.Close:
		return "closes the connection (FIN)"
	case tester.Reset:
		return "resets the connection (RST)"
	case tester.Write:
		if a.Err != nil {
			return fmt.Sprintf("sends %s, then the write fails: %s", count, reason(a.Err))
		}
		return "sends " + count
	}
	switch {
	case a.Err == nil:
		return "gets " + count
	case reason(a.Err) == "EOF":
		return "gets the end of the connection (FIN)"
	case reason(a.Err) == "nothing came":
		return fmt.Sprintf("waits %v, and nothing comes", round(waited))
	case reason(a.Err) == "ECONNRESET":
		return "gets a reset of the connection (RST)"
	}
	return "can't read: " + reason(a.Err)
}

// dump writes bytes in hexadecimal, and beside them as characters, a dot for each that can't be printed.
func dump(b []byte) string {
	var out strings.Builder
	for at := 0; at < len(b); at += width {
		line := b[at:min(len(b), at+width)]
		var text strings.Builder
		for _, c := range line {
			if c < ' ' || c > '~' {
				c = '.'
			}
			text.WriteByte(c)
		}
		fmt.Fprintf(&out, "%03x  %-*s  %s\n", at, 3*width-1, fmt.Sprintf("% x", line), text.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// clock writes a time since the beginning.
func clock(t time.Duration) string {
	if t < 10*time.Second {
		return fmt.Sprintf("%v ms", float64(t.Microseconds())/1000)
	}
	return fmt.Sprintf("%v s", t.Seconds())
}
