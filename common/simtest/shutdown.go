package simtest

import (
	"net/http"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// cutsOffAtGraceEnd has a client that answers no Close.
func (target Target) cutsOffAtGraceEnd(t *testing.T) {
	m := target.boot(t, sim.Config{}, "-close-timeout=10m")
	c := m.dial()
	c.mute = true
	c.upgrade("/echo")
	m.advance(time.Second)
	begin := m.k.Uptime()
	m.stop(time.Hour)
	m.checkTime("the server's end", begin, grace, grace+grace/5)
	if m.settle(); c.closeCode != ws.GoingAway || c.End == "" {
		t.Errorf("got a Close with %v and the end %q, want %v and an end", c.closeCode, c.End, ws.GoingAway)
	}
}

func (target Target) endsAtSecondSignal(t *testing.T) {
	m := target.boot(t, sim.Config{}, "-grace=10m", "-close-timeout=10m")
	c := m.dial()
	c.mute = true
	c.upgrade("/echo")
	m.advance(time.Second)
	m.server.Signal(sim.SIGINT)
	m.advance(time.Second / 2)
	m.server.Signal(sim.SIGINT) // a terminal's Ctrl-C may come twice
	m.advance(time.Minute)
	if _, ended := m.server.Ended(); ended {
		t.Error("two signals within a second ended the server, want it to take them for one")
	}
	m.server.Signal(sim.SIGINT)
	m.settle()
	if status, ended := m.server.Ended(); !ended || status.ExitStatus() != 1 {
		t.Errorf("the server has ended: %t, with status %d; want an end with 1", ended, status.ExitStatus())
	}
	m.checkPanics()
}

// finishesDeferred ends servers with -defer-accept, whose clients have connected before the signal
// and send their request around it. None is reset.
func (target Target) finishesDeferred(t *testing.T) {
	const clients = 30
	for seed := range uint64(10) {
		m := target.boot(t, sim.Config{Seed: seed, Shuffle: true, Preempt: int(seed % 4)}, "-defer-accept=5")
		var all []*client
		for range clients {
			c := m.dial()
			all = append(all, c)
			m.k.After(time.Duration(100+m.rand.IntN(500))*time.Millisecond, func() { c.get("/healthz") })
		}
		m.advance(time.Duration(50+m.rand.IntN(550)) * time.Millisecond)
		m.stop(time.Minute)
		m.settle()
		for i, c := range all {
			if len(c.responses) != 1 || c.responses[0].status != http.StatusOK {
				t.Errorf("seed %d, client %d: got %d responses and %s, want one", seed, i+1, len(c.responses), c.End)
			}
		}
	}
}
