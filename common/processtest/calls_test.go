package processtest

import (
	"bytes"
	"sync"
	"testing"

	"threeloops/common/ws"
)

// countsCalls measures what an echoed message costs in system calls.
func (target Target) countsCalls(t *testing.T) {
	for _, tt := range []struct {
		title                  string
		clients, rounds, depth int
		most                   float64 // reads and writes for each message
	}{
		{"one client", 1, 2000, 1, 2.05},
		{"32 clients", 32, 100, 1, 2.05},
		{"16 messages under way", 1, 500, 16, 0.14},
	} {
		t.Run(tt.title, func(t *testing.T) {
			p := Launch(t)
			n := float64(tt.clients * tt.rounds * tt.depth)
			mostWaits := 1.1*n/float64(tt.depth) + 50
			// On a busy machine an event may come only after sys.PollSoon has given up, which costs
			// one more wait. So the least of a few measurements counts.
			cost := p.cost(t, tt.clients, tt.rounds, tt.depth)
			for try := 1; float64(cost["sys_wait"]) > mostWaits && try < 5; try++ {
				cost = p.cost(t, tt.clients, tt.rounds, tt.depth)
			}
			must(t, equal("messages counted in", cost["messages_in"], int(n)))
			must(t, equal("messages counted out", cost["messages_out"], int(n)))
			calls := float64(cost["sys_read"]+cost["sys_write"]) / n
			t.Logf("%s, %s: %.3f reads and writes and %.3f waits for each message",
				target.Name, tt.title, calls, float64(cost["sys_wait"])/n)
			if calls > tt.most {
				t.Errorf("reads and writes for each message: got %.3f, want at most %v", calls, tt.most)
			}
			if waits := float64(cost["sys_wait"]); waits > mostWaits {
				t.Errorf("waits: got %v for %v messages, %d at a time", waits, n, tt.depth)
			}
			must(t, equal("epoll_ctl in the steady state", cost["sys_ctl"], 0))
		})
	}
}

// cost has clients send rounds of depth messages, each when all of the
// one before have come back, and returns by how much the counts grow.
func (p *Process) cost(t *testing.T, clients, rounds, depth int) Stats {
	t.Helper()
	message := make([]byte, 64)
	all := make([]*client, clients)
	for i := range all {
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		must(t, c.echo(message))
		all[i] = c
	}
	p.Stats() // whose connection is counted neither before nor after
	before := p.Stats()
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() {
			batch := bytes.Repeat(frame(ws.Binary, message), depth)
			for range rounds {
				c.Write(batch)
				for range depth {
					if err := c.receives(ws.Binary, message); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	after := p.Stats()
	for name := range after {
		after[name] -= before[name]
	}
	return after
}
