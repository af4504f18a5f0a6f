package conformance

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// Stats are the totals of /stats by their names there.
type Stats map[string]int

// Open is how many connections are open.
func (s Stats) Open() int { return s["accepted"] - s["closed"] }

// Stats asks the server for its counts, on a connection that it keeps: that one
// is among those counted.
func (p *Process) Stats() Stats {
	p.t.Helper()
	s, err := p.stats()
	if err != nil {
		p.Unwatch() // it may have been idle for too long
		s, err = p.stats()
	}
	must(p.t, err)
	return s
}

func (p *Process) stats() (Stats, error) {
	if p.watch == nil {
		c, err := dial(p.Addr)
		if err != nil {
			return nil, err
		}
		p.watch = c
	}
	p.watch.SetDeadline(time.Now().Add(patience))
	r, err := p.watch.get("/stats")
	if err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	var answer struct{ Totals Stats }
	if err := json.Unmarshal(r.body, &answer); err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	return answer.Totals, nil
}

// Unwatch closes the connection of Stats.
func (p *Process) Unwatch() {
	if p.watch != nil {
		p.watch.Close()
		p.watch = nil
	}
}

// Settle waits until so many connections are open, that of Stats included, and
// fails if a session ever did what its table of phases declares impossible.
func (p *Process) Settle(open int) {
	p.t.Helper()
	eventually(p.t, func() error {
		s := p.Stats()
		if s["faults"] != 0 {
			p.t.Fatalf("faults: got %d, want none", s["faults"])
		}
		return equal("open connections", s.Open(), open)
	})
}

// Quiet fails if the server is busy although no client wants anything of it.
func (p *Process) Quiet() {
	p.t.Helper()
	const span, most = 300 * time.Millisecond, 30
	before := p.Stats()["sys_wait"]
	time.Sleep(span)
	if n := p.Stats()["sys_wait"] - before; n > most {
		p.t.Errorf("waits in %v without anything to do: got %d, want at most %d: it spins", span, n, most)
	}
}

// Healthy fails if a new client is not served.
func (p *Process) Healthy() {
	p.t.Helper()
	c, err := dial(p.Addr)
	must(p.t, err)
	defer c.Close()
	r, err := c.get("/healthz", "Connection: close")
	must(p.t, err)
	must(p.t, equal("body of /healthz", string(r.body), "ok\n"))
}

// scoreboard is what /stats answers.
type scoreboard struct {
	Pid         int
	Connection  int
	Connections int
	Totals      Stats
	Slots       []map[string]any
}

func (c *client) scoreboard(t *testing.T) (b scoreboard) {
	t.Helper()
	r, err := c.get("/stats")
	must(t, err)
	must(t, json.Unmarshal(r.body, &b))
	return b
}

// tellsWhoIsWhere compares the slots of /stats with what two clients know, and
// with the totals.
func (target Target) tellsWhoIsWhere(t *testing.T) {
	const size = 200 << 10
	p := Launch(t)
	h := idler(t, p.Addr)
	for range 2 {
		c := talker(t, p.Addr)
		must(t, c.echo(make([]byte, size)))
		must(t, c.leave())
	}
	w := talker(t, p.Addr)
	must(t, w.echo([]byte("hello")))
	eventually(t, func() error { return equal("connections", h.scoreboard(t).Connections, 2) })

	b := h.scoreboard(t)
	must(t, equal("connections", b.Totals.Open(), 2))
	must(t, equal("messages", b.Totals["messages_in"], 3))
	if most := b.Totals["queue_most"]; most < size || most >= 2*size {
		t.Errorf("most that waited for one client: got %d, want what two have had one after the other: %d", most, size)
	}
	for _, name := range []string{"accepted", "closed", "upgrades", "messages_in", "messages_out"} {
		sum := 0
		for _, s := range b.Slots {
			sum += int(s[name].(float64))
		}
		must(t, equal(name+" of all slots", sum, b.Totals[name]))
	}
	phases := map[string]string{} // by peer
	for _, s := range b.Slots {
		if s["connection"] == nil {
			must(t, equal("process of a slot for all", int(s["pid"].(float64)), p.Pid))
			continue
		}
		phases[s["peer"].(string)] = s["phase"].(string)
		must(t, equal("it is a child's", p.isChild(int(s["pid"].(float64))), true))
		own := int(s["connection"].(float64)) == b.Connection
		must(t, equal("pid of the slot that answers", own, int(s["pid"].(float64)) == b.Pid))
	}
	if target.Name != "forkserv" {
		must(t, equal("slots of one connection", len(phases), 0))
		return
	}
	must(t, equal("slots of one connection", len(phases), 2))
	must(t, equal("phase of who asks", phases[h.LocalAddr().String()], "reply"))
	must(t, equal("phase of a WebSocket", phases[w.LocalAddr().String()], "open"))
}
