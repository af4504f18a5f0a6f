package simtest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// childDiesAnywhere kills a child after each of its calls. If it has posted nothing by then, it has
// read nothing from its client, and another child serves that client.
func (target Target) childDiesAnywhere(t *testing.T) {
	for _, flags := range [][]string{nil, {"-prefork=1"}} {
		after := 0
		for target.childDies(t, after, flags) {
			after++
		}
		if after < 3 { // a spare makes three calls from the client's coming until it posts something
			t.Errorf("%v: children were killed in %d places, want at least 3", flags, after)
		}
	}
}

// childDies kills a child after some of its calls. It reports false if the child has posted something
// by then.
func (target Target) childDies(t *testing.T, after int, flags []string) bool {
	m := target.family(t, sim.Config{Preempt: 1}, nil, flags...)
	clear(m.calls)
	c := m.dial()
	c.get("/healthz")
	child := 0
	for child == 0 || m.calls[child] < after {
		ran := m.k.Step()
		if !m.pump() && !ran {
			break
		}
		if pids := m.children(); child == 0 && len(pids) > 0 {
			child = pids[0]
		}
	}
	if m.posted[child] {
		return false
	}
	m.killer.Kill(child, sim.SIGKILL)
	m.await("the response", time.Minute, func() bool { return len(c.responses) > 0 || c.End != "" })
	if len(c.responses) == 0 || c.responses[0].status != http.StatusOK {
		t.Errorf("%v, killed after %d calls: got %v and end %q, want 200", flags, after, c.responses, c.End)
	}
	if n := m.logged("signal: killed"); n != 1 {
		t.Errorf("%v, killed after %d calls: got %d lines about it, want 1", flags, after, n)
	}
	c.leave()
	m.checkIdle(time.Second)
	m.stop(longest)
	return true
}

// deadly is a server whose forks fail and whose children die at random before they serve.
type deadly struct {
	*family
	rng    *rand.Rand
	killed int
}

func (target Target) deadly(t testing.TB, seed uint64, flags ...string) *deadly {
	rng := rand.New(rand.NewPCG(seed, 3))
	var faults []sim.Fault
	for range 4 {
		faults = append(faults, dying(1+rng.IntN(20), 1+rng.IntN(2)),
			sim.Fault{Call: "clone", Errno: sim.EAGAIN, Skip: rng.IntN(20), Times: 1 + rng.IntN(2)})
	}
	cfg := sim.Config{Seed: seed, Shuffle: true, Preempt: 1 + rng.IntN(3)}
	return &deadly{family: target.family(t, cfg, faults, append(flags, "-grace=60s")...), rng: rng}
}

// pump moves the clients, and kills a child now and then.
func (m *deadly) pump() bool {
	for _, pid := range m.children() {
		if m.rng.IntN(200) == 0 && !m.posted[pid] {
			m.killer.Kill(pid, sim.SIGKILL)
			m.killed++
		}
	}
	return m.machine.pump()
}

// ask has n clients ask for something.
func (m *deadly) ask(n int) (all []*client) {
	for range n {
		c := m.dial()
		c.get("/healthz")
		all = append(all, c)
	}
	return all
}

// answered lets the server run until all clients have a response, which must be 200 or 503. It adds
// them to statuses.
func (m *deadly) answered(all []*client, statuses map[int]int) {
	m.t.Helper()
	if !m.k.Drive(time.Minute, mostSteps, m.pump, func() bool {
		for _, c := range all {
			if len(c.responses) == 0 && c.End == "" {
				return false
			}
		}
		return true
	}) {
		m.t.Fatalf("the server doesn't stop running at %v", m.k.Uptime())
	}
	for _, c := range all {
		status := 0
		if len(c.responses) > 0 {
			status = c.responses[0].status
		}
		if statuses[status]++; status != http.StatusOK && status != http.StatusServiceUnavailable {
			m.t.Errorf("%s: got status %d and end %q, want 200 or 503", c.Name, status, c.End)
		}
	}
}

// deaths plays a deadly server with many seeds. Of each status some responses must have come.
func (target Target) deaths(t *testing.T, play func(m *deadly, statuses map[int]int), flags ...string) {
	n, statuses, killed := uint64(100), map[int]int{}, 0
	if testing.Short() {
		n /= 10
	}
	for seed := range n {
		t.Run(fmt.Sprintf("%s seed %d", strings.Join(flags, " "), seed+1), func(t *testing.T) {
			m := target.deadly(t, seed+1, flags...)
			play(m, statuses)
			killed += m.killed
		})
	}
	t.Logf("%v: responses by status: %v; %d children were killed", flags, statuses, killed)
	if statuses[http.StatusOK] == 0 || statuses[http.StatusServiceUnavailable] == 0 || killed == 0 {
		t.Errorf("%v: responses by status: got %v with %d children killed, want some of each", flags, statuses, killed)
	}
}

func (target Target) childrenDieAtRandom(t *testing.T) {
	for _, flags := range [][]string{nil, {"-prefork=3"}} {
		target.deaths(t, func(m *deadly, statuses map[int]int) {
			for range 3 {
				all := m.ask(4)
				m.answered(all, statuses)
				for _, c := range all {
					c.leave()
				}
			}
			m.advance(time.Second)
			m.stop(longest)
		}, flags...)
	}
}

// childrenDieInShutdown has clients in the backlog when the shutdown begins. Some of them stay
// connected after their response.
func (target Target) childrenDieInShutdown(t *testing.T) {
	target.deaths(t, func(m *deadly, statuses map[int]int) {
		all := m.ask(12)
		for _, c := range all {
			c.stays = true
		}
		m.server.Signal(sim.SIGTERM)
		m.answered(all, statuses)
		for _, c := range all[:m.rng.IntN(len(all)+1)] {
			c.leave()
		}
		m.awaitEnd(longest, 0)
	})
}
