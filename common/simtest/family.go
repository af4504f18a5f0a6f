package simtest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// family is a machine whose server starts a child for each client.
type family struct {
	*machine
	killer *sim.Thread     // of another process
	calls  map[int]int     // how many calls each process has made
	posted map[int]bool    // the processes that have sent something
	forks  []time.Duration // when the parent has forked
}

// family starts a server with faults that may happen from the beginning.
func (target Target) family(t testing.TB, cfg sim.Config, faults []sim.Fault, flags ...string) *family {
	t.Helper()
	m := &family{calls: map[int]int{}, posted: map[int]bool{}}
	cfg.Trace = func(e sim.Event) {
		m.calls[e.Pid]++
		switch e.Call {
		case "sendto":
			m.posted[e.Pid] = true
		case "clone":
			m.forks = append(m.forks, e.Time)
		}
	}
	m.machine = target.bootWith(t, cfg, func(k *sim.Kernel) {
		for _, f := range faults {
			k.Inject(f)
		}
	}, flags...)
	m.killer = m.k.NewProcess("killer").Thread()
	return m
}

// children are the process ids of the server's children, without zombies.
func (m *machine) children() (pids []int) {
	for _, p := range m.k.Processes() {
		if p.Parent == m.server.Pid && p.State != "zombie" {
			pids = append(pids, p.Pid)
		}
	}
	return pids
}

// checkChildren fails the test unless the server has that many children.
func (m *machine) checkChildren(want int) {
	m.t.Helper()
	if n := len(m.children()); n != want {
		m.t.Errorf("the server has %d children, want %d\n%s", n, want, m.log())
	}
}

// expect sends a request and checks the status of the response. It returns the totals of /stats.
func (m *machine) expect(c *client, want int) (totals map[string]int) {
	m.t.Helper()
	c.responses = nil
	c.get("/stats")
	m.advanceUntil(time.Minute, func() bool { return len(c.responses) > 0 || c.End != "" })
	if len(c.responses) != 1 || c.responses[0].status != want {
		m.t.Fatalf("GET /stats: got %d responses and end %q, want one with status %d: %v", len(c.responses), c.End, want, c.responses)
	}
	if want != http.StatusOK {
		return nil
	}
	return totalsOf(m.t, c.responses[0].body)
}

// logged is how many lines of the log contain text.
func (m *machine) logged(text string) int { return strings.Count(m.log(), text) }

// checkSleeps fails the test unless the server makes hardly any call while nothing happens.
func (m *machine) checkSleeps() {
	m.t.Helper()
	before := m.k.Calls()
	if m.advance(time.Second); m.k.Calls()-before > 20 {
		m.t.Errorf("in an idle second the server makes %d calls, want it to sleep", m.k.Calls()-before)
	}
}
