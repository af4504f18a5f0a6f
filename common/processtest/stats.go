package processtest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Stats are the totals of /stats by their names there.
type Stats map[string]int

// Open returns how many connections are open.
func (s Stats) Open() int { return s["accepted"] - s["closed"] }

// Stats asks the server for its counts. It keeps its connection open, and the counts include it.
func (p *Process) Stats() Stats {
	p.t.Helper()
	s, err := p.stats()
	if err != nil {
		p.CloseStats() // it may have been idle for too long
		s, err = p.stats()
	}
	must(p.t, err)
	return s
}

func (p *Process) stats() (Stats, error) {
	if p.statsClient == nil {
		c, err := dial(p.Addr)
		if err != nil {
			return nil, err
		}
		p.statsClient = c
	}
	p.statsClient.SetDeadline(time.Now().Add(testTimeout))
	r, err := p.statsClient.get("/stats")
	if err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	var answer struct{ Totals Stats }
	if err := json.Unmarshal(r.body, &answer); err != nil {
		return nil, fmt.Errorf("/stats: %w", err)
	}
	return answer.Totals, nil
}

// CloseStats closes the connection of Stats.
func (p *Process) CloseStats() {
	if p.statsClient != nil {
		p.statsClient.Close()
		p.statsClient = nil
	}
}

// AwaitOpen waits until so many connections are open, including the connection of Stats. It fails the
// test if a session ever made a transition that its table of phases declares impossible.
func (p *Process) AwaitOpen(open int) {
	p.t.Helper()
	eventually(p.t, func() error {
		s := p.Stats()
		if s["faults"] != 0 {
			p.t.Fatalf("faults: got %d, want none", s["faults"])
		}
		return equal("open connections", s.Open(), open)
	})
}

// CheckSleeps fails the test if the server is busy although no client has sent a request.
func (p *Process) CheckSleeps() {
	p.t.Helper()
	const span, most = 300 * time.Millisecond, 30
	before := p.Stats()["sys_wait"]
	time.Sleep(span)
	if n := p.Stats()["sys_wait"] - before; n > most {
		p.t.Errorf("waits in %v without anything to do: got %d, want at most %d: it spins", span, n, most)
	}
}

// CheckHealthz fails the test if a new client gets no answer from /healthz.
func (p *Process) CheckHealthz() {
	p.t.Helper()
	c, err := dial(p.Addr)
	must(p.t, err)
	defer c.Close()
	r, err := c.get("/healthz", "Connection: close")
	must(p.t, err)
	must(p.t, equal("body of /healthz", string(r.body), "ok\n"))
}
