package spacetime

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"threeloops/tutorials/learner/strace"
	"threeloops/tutorials/tester"
)

// client is a client of the check.
type client struct {
	actor *actor
	file  int // its socket; file+1 is the server's
	acts  []int
}

// clientsOf numbers the clients in the order in which they connected.
func clientsOf(acts []act) map[netip.AddrPort]*client {
	all := map[netip.AddrPort]*client{}
	for i, a := range acts {
		if !a.Client.IsValid() {
			continue
		}
		c := all[a.Client]
		if c == nil {
			n := len(all) + 1
			c = &client{actor: &actor{kind: "client", noun: "client", num: n}, file: 2*n - 1}
			all[a.Client] = c
		}
		c.acts = append(c.acts, i)
	}
	return all
}

// Draw draws a check: what its clients did, and the system calls of the server. The server may have been
// started several times; each start has records of its own. symptom is what a failed check saw, or nil.
// The diagram has at most longest events.
func Draw(l *Log, starts [][]strace.Record, symptom *tester.Symptom, longest int) *Diagram {
	d := &Diagram{
		Pairs: map[int]int{}, Lanes: []Lane{}, Events: []Event{}, Waits: []Wait{},
		kernel: &actor{kind: "kernel", noun: "kernel"},
	}
	clients := clientsOf(l.acts)
	for _, c := range clients {
		d.Pairs[c.file], d.Pairs[c.file+1] = c.file+1, c.file
	}
	d.Folded = l.lost
	fault := l.fault(symptom)
	for i, a := range l.acts {
		if a.Verb == tester.Judge {
			break
		}
		e := drawn(a, clients[a.Client], d.kernel)
		e.act = i + 1
		if i == fault {
			e.Failed = symptom.Came
		}
		d.Events = append(d.Events, e)
		if e.Call == "write" && a.Ended.Sub(a.Began) > stuck {
			e.at, e.act, e.File, e.n, e.Slept, e.Args = a.Ended, 0, 0, 0, true, e.Args+" (the same call returns)"
			d.Events = append(d.Events, e)
		}
	}
	s := &side{d: d, clients: clients, judged: l.judged(), others: map[string]int{}}
	slices.SortFunc(starts, func(a, b []strace.Record) int { return beginning(a).Compare(beginning(b)) })
	var families []*family
	for _, records := range starts {
		families = append(families, newFamily(records, clients))
	}
	name(families)
	for i, records := range starts {
		s.add(families[i], records, i == len(starts)-1)
	}
	if symptom != nil {
		d.Events = append(d.Events, Event{
			at: later(l.judged(), d.Events), actor: d.kernel, Action: "the check fails", Failed: symptom.Came,
		})
	}
	d.finish(longest)
	return d
}

// beginning returns the time of the first record.
func beginning(records []strace.Record) time.Time {
	if len(records) == 0 {
		return time.Time{}
	}
	return records[0].Began
}

// later returns t or, if it isn't known, the time of the last event.
func later(t time.Time, all []Event) time.Time {
	if !t.IsZero() {
		return t
	}
	for _, e := range all {
		if e.at.After(t) {
			t = e.at
		}
	}
	return t
}

// fault returns the place of the act in which the check saw the symptom, or -1: the last read that
// ended just before the check was judged.
func (l *Log) fault(symptom *tester.Symptom) int {
	const near = 100 * time.Millisecond
	judged := l.judged()
	if symptom == nil || judged.IsZero() {
		return -1
	}
	for i := len(l.acts) - 1; i >= 0; i-- {
		a := l.acts[i]
		if a.Began.After(judged) || a.Verb != tester.Read && a.Verb != tester.Connect && a.Err == nil {
			continue
		}
		if judged.Sub(a.Ended) < near && explains(a.Err, symptom) {
			return i
		}
		return -1
	}
	return -1
}

// explains reports whether an error of a client may be what the symptom says. If a read returned bytes,
// they may be the wrong ones.
func explains(err error, symptom *tester.Symptom) bool {
	for cause, word := range map[error]string{
		io.EOF: "(FIN)", syscall.ECONNRESET: "(RST)", syscall.EPIPE: "(RST)", syscall.ECONNREFUSED: "refused",
	} {
		if errors.Is(err, cause) {
			return strings.Contains(symptom.Came, word)
		}
	}
	return true
}

// tells says what the tester's acts are.
var tells = map[tester.Verb]string{
	tester.Stop:      "the tester stops the server: SIGSTOP",
	tester.Continue:  "the tester lets it continue: SIGCONT",
	tester.Terminate: "the tester asks the server to end: SIGTERM",
	tester.Kill:      "the tester ends the server: SIGKILL",
	tester.Exhaust:   "the tester leaves no descriptor free",
	tester.Restore:   "the tester makes descriptors free again",
}

// drawn makes an event of an act.
func drawn(a act, c *client, kernel *actor) Event {
	e := Event{at: a.Ended, actor: kernel, took: a.Ended.Sub(a.Began), n: int64(a.n)}
	if c == nil {
		e.Action = tells[a.Verb]
		if a.Verb == tester.Connect {
			e.Action = "a client can't connect: " + reason(a.Err)
		}
		return e
	}
	e.actor, e.File, e.Bytes = c.actor, c.file, latin1(a.Bytes)
	result := int64(a.n)
	e.Call, e.Result = string(a.Verb), &result
	quoted := strace.Value{Bytes: orEmpty(a.Bytes), Cut: a.n > len(a.Bytes)}.Text(shownBytes)
	switch a.Verb {
	case tester.Connect:
		e.at, e.Args = a.Began, "from port "+strconv.Itoa(int(a.Client.Port()))
	case tester.Write:
		e.at, e.Args = a.Began, quoted
	case tester.Read:
		if e.Slept = e.took >= slept; a.n > 0 {
			e.Args = quoted
		}
	case tester.Shutdown:
		e.at, e.Args = a.Began, "SHUT_WR: FIN"
	case tester.Close:
		e.at, e.Args, e.leaves = a.Began, "FIN", true
	case tester.Reset:
		e.at, e.Call, e.Args, e.leaves = a.Began, "close", "RST", true
	}
	if a.Err != nil && !errors.Is(a.Err, io.EOF) {
		e.Errno = reason(a.Err)
		if a.n == 0 {
			*e.Result = -1
		}
	}
	return e
}

// reason names an error as strace does, or in a few words.
func reason(err error) string {
	var number syscall.Errno
	switch {
	case err == nil:
		return ""
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing came"
	case errors.As(err, &number):
		for name, n := range names {
			if n == number {
				return name
			}
		}
		return number.Error()
	}
	return fmt.Sprint(err)
}

// names are the errors that a client's socket may have.
var names = map[string]syscall.Errno{
	"ECONNREFUSED": syscall.ECONNREFUSED, "ECONNRESET": syscall.ECONNRESET, "EPIPE": syscall.EPIPE,
	"ETIMEDOUT": syscall.ETIMEDOUT,
}
