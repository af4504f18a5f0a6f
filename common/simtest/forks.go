package simtest

import (
	"net/http"
	"testing"
	"time"

	"threeloops/common/sim"
)

// Constants of forkserv.
const (
	acceptPause  = 100 * time.Millisecond // after a child couldn't be started
	preforkPause = 10 * time.Millisecond  // before children are started in advance
	maxDeaths    = 2                      // children that may die with one client
)

// Forks has the children of forkserv die before they serve, and starting them fail. No client may
// be lost: it is served, or gets a 503.
func Forks(t *testing.T, target Target) {
	for _, tt := range []struct {
		title string
		test  func(*testing.T)
	}{
		{"a client gets a 503 if no child can be started", target.forkFails},
		{"spare children that die immediately are replaced after a pause", target.sparesDie},
		{"a spare child that can't be started is tried again after a pause", target.spareFails},
		{"spare children are started while no client comes", target.sparesWait},
		{"a client whose children die before serving gets a 503", target.childrenDie},
		{"a shutdown in which a client gets a 503 sleeps", target.shutdownSleeps},
		{"a client is served wherever its child dies", target.childDiesAnywhere},
		{"a client is served or gets a 503 however children die", target.childrenDieAtRandom},
		{"the same in a shutdown", target.childrenDieInShutdown},
	} {
		t.Run(tt.title, tt.test)
	}
}

func (target Target) forkFails(t *testing.T) {
	for _, errno := range []sim.Errno{sim.EAGAIN, sim.ENOMEM, sim.ENOSYS, sim.EPERM} {
		m := target.family(t, sim.Config{}, nil)
		before := m.dial()
		rest := m.expect(before, http.StatusOK)["refused"]
		const clients = 5
		m.k.Inject(sim.Fault{Call: "clone", Errno: errno, Times: clients})
		start := m.k.Uptime()
		for range clients {
			c := m.dial()
			m.advanceUntil(time.Minute, func() bool { return len(c.responses) > 0 || c.End != "" })
			c.get("/stats") // the response is there before the request
			m.settle()
			if len(c.responses) != 1 || c.responses[0].status != http.StatusServiceUnavailable || c.End != sim.FIN {
				t.Errorf("%v: got %v and end %q, want a 503 and the end", errno, c.responses, c.End)
			}
			m.expect(before, http.StatusOK)
		}
		if d := m.k.Uptime() - start; d < (clients-1)*acceptPause {
			t.Errorf("%v: %d clients were turned away within %v, want a pause of %v after each", errno, clients, d, acceptPause)
		}
		m.advance(acceptPause) // the last of them is closed
		now := m.expect(before, http.StatusOK)
		if got, open := now["refused"]-rest, now["accepted"]-now["closed"]; got != clients || open != 1 {
			t.Errorf("%v: got %d rejected and %d open connections, want %d and 1", errno, got, open, clients)
		}
		if n := m.logged("can't start a child"); n != clients {
			t.Errorf("%v: failures logged: got %d, want %d", errno, n, clients)
		}
		m.checkSleeps()
		m.expect(m.dial(), http.StatusOK)
		m.checkChildren(2)
		m.stop(longest)
	}
}

// dying is a fault by which children die before they serve: they can't map the board. In the parent
// that is the first call of mmap.
func dying(skip, times int) sim.Fault {
	return sim.Fault{Call: "mmap", Errno: sim.ENOMEM, Skip: skip, Times: times}
}

// Without the pause the machine would do nothing but fork.
func (target Target) sparesDie(t *testing.T) {
	const deaths = 50
	m := target.family(t, sim.Config{}, []sim.Fault{dying(1, deaths)}, "-prefork=2")
	if n := m.logged("a child has failed"); n < 10 || n > 22 {
		t.Errorf("%d children died within a second, want a pause of %v after each two", n, acceptPause)
	}
	m.advance(deaths * acceptPause)
	if n := m.logged("a child has failed"); n != deaths {
		t.Errorf("%d children died, want %d", n, deaths)
	}
	m.checkChildren(2)
	m.expect(m.dial(), http.StatusOK)
	m.advance(time.Second)
	m.checkSleeps()
	m.stop(longest)
}

// While spares can't be started, clients are served, and each failure is logged after a pause.
func (target Target) spareFails(t *testing.T) {
	const failures = 20
	for _, call := range []string{"clone", "socketpair", "pipe2"} {
		m := target.family(t, sim.Config{}, []sim.Fault{{Call: call, Errno: sim.ENOMEM, Times: failures}}, "-prefork=2")
		if n := m.logged("can't start a child in advance"); n < 5 || n > 11 {
			t.Errorf("%s: %d failures within a second, want a pause of %v before each", call, n, acceptPause)
		}
		m.advance(failures * acceptPause)
		if n := m.logged("can't start a child in advance"); n != failures {
			t.Errorf("%s: got %d failures, want %d", call, n, failures)
		}
		m.checkChildren(2)
		m.expect(m.dial(), http.StatusOK)
		m.stop(longest)
	}
}

// Clients come in bursts. If the parent forked a spare between two clients of a burst, the second
// would have to wait for the fork.
func (target Target) sparesWait(t *testing.T) {
	m := target.family(t, sim.Config{}, nil, "-prefork=4")
	m.forks = nil
	var last time.Duration
	for range 4 {
		m.advance(preforkPause / 2)
		last = m.k.Uptime()
		m.expect(m.dial(), http.StatusOK)
	}
	if len(m.forks) != 0 {
		t.Errorf("during the burst the parent has forked at %v", m.forks)
	}
	m.advance(time.Second)
	if len(m.forks) != 4 || m.forks[0] != last+preforkPause {
		t.Errorf("the last client came at %v, and the parent forked at %v; want 4 times, the first time %v later", last, m.forks, preforkPause)
	}
	m.stop(longest)
}

func (target Target) childrenDie(t *testing.T) {
	m := target.family(t, sim.Config{}, nil)
	before := m.dial()
	m.expect(before, http.StatusOK)
	const clients = 5
	m.k.Inject(dying(0, maxDeaths*clients))
	for range clients {
		m.expect(m.dial(), http.StatusServiceUnavailable)
		m.expect(before, http.StatusOK)
	}
	if n := m.logged("a child has failed"); n != maxDeaths*clients {
		t.Errorf("%d clients were turned away after %d children had died, want %d for each", clients, n, maxDeaths)
	}
	if n := m.logged("died before it could serve"); n < 1 || n > clients {
		t.Errorf("lines that explain why children died: got %d, want one a second", n)
	}
	c := m.dial()
	m.expect(c, http.StatusOK)
	m.checkChildren(2)
	c.leave()
	m.checkSleeps()
	m.checkChildren(1)
	before.leave()
	m.checkIdle(time.Second)
	m.stop(longest)
}

// shutdownSleeps has a client whose children die while the server shuts down, and another one that
// answers no Close.
func (target Target) shutdownSleeps(t *testing.T) {
	// With Preempt a server that spins takes a step for each call, so the test soon notices it.
	m := target.family(t, sim.Config{Preempt: 1}, nil, "-close-timeout=1m", "-grace=1m")
	mute := m.dial()
	mute.mute = true
	mute.upgrade("/echo")
	m.settle()
	m.k.Inject(dying(0, maxDeaths))
	m.server.Signal(sim.SIGTERM)
	m.expect(m.dial(), http.StatusServiceUnavailable)
	m.advance(acceptPause)
	m.checkSleeps()
	mute.leave()
	m.awaitEnd(time.Second, 0)
}
