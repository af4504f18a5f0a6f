//go:build js

package sys

import (
	"slices"
	"time"

	"threeloops/common/sim"
)

// labEvent is a system call that has returned, or an action of the scenario.
type labEvent struct {
	Step    int // the step in which it came
	Seq     int // its number, from 1
	Time    time.Duration
	Action  string `json:",omitempty"` // such as "A connects"; then all below is empty
	Pid     int
	Tid     int
	Call    string
	Args    string
	Result  int
	Errno   string
	Program bool // a process of the server made the call, and no client
	Slept   bool
	File    uint64
	NewFile uint64
	Caller  sim.Source
	Loop    sim.Source
}

// record is what has happened in a world.
type record struct {
	events            []labEvent
	acted             int                 // the step of the last action; each has a step of its own
	calls             map[string]int      // of programs
	addresses         map[string][]string // that clients have had, by their names
	wakeUps           int
	bytesIn, bytesOut int // from and to TCP sockets, by programs
}

func (r *record) call(step int, e sim.Event) {
	errno := ""
	if e.Errno != 0 {
		errno = e.Errno.Name()
	}
	r.events = append(r.events, labEvent{step, len(r.events) + 1, e.Time, "", e.Pid, e.Tid, e.Call, e.Args, e.Result, errno,
		e.Program, e.Slept, e.File, e.NewFile, e.Caller, e.Loop})
	if !e.Program {
		return
	}
	r.calls[e.Call]++
	if e.Slept {
		r.wakeUps++
	}
	switch n := max(e.Result, 0); {
	case !e.TCP:
	case e.Call == "read":
		r.bytesIn += n
	case slices.Contains([]string{"write", "sendto", "sendmsg", "sendfile"}, e.Call):
		r.bytesOut += n
	}
}

// action notes an action, once for all its clients, and the address of the client that acts, if any.
func (r *record) action(w *sim.World, c *sim.Client, a *sim.Action) {
	if c != nil {
		if at := c.Local(); at.Port() != 0 && !slices.Contains(r.addresses[c.Name], at.String()) {
			r.addresses[c.Name] = append(r.addresses[c.Name], at.String())
		}
	}
	if r.acted == w.Steps() {
		return
	}
	r.acted = w.Steps()
	r.events = append(r.events, labEvent{Step: w.Steps(), Seq: len(r.events) + 1, Time: w.Kernel.Uptime(), Action: a.Words()})
}

func (r *record) eventsAfter(seq int) string {
	if seq = max(seq, 0); seq >= len(r.events) {
		return "[]"
	}
	return encode(r.events[seq:])
}
