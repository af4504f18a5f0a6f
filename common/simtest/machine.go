package simtest

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/tracetest"
)

// Target is a server that runs on a simulated kernel.
type Target struct {
	Name  string
	Main  func()   // the server's main function
	Flags []string // that each server is started with
}

// machine is a simulated kernel with a server and its clients.
type machine struct {
	t       testing.TB
	k       *sim.Kernel
	rand    *rand.Rand // decides what clients do
	server  *sim.Process
	addr    netip.AddrPort
	clients []*client
	dialed  int
	open    int // descriptors that the server had before the first client
	idle    int // processes that existed then, of the server
}

// boot starts a server, and waits until it accepts connections.
func (target Target) boot(t testing.TB, cfg sim.Config, flags ...string) *machine {
	return target.bootWith(t, cfg, nil, flags...)
}

// bootWith is boot with files that prepare makes.
func (target Target) bootWith(t testing.TB, cfg sim.Config, prepare func(*sim.Kernel), flags ...string) *machine {
	t.Helper()
	m, err := target.start(t, cfg, prepare, flags...)
	if err != nil {
		t.Fatal(err)
	}
	m.rest()
	return m
}

// start starts a server, and waits until it accepts connections. An error says why it doesn't.
func (target Target) start(t testing.TB, cfg sim.Config, prepare func(*sim.Kernel), flags ...string) (m *machine, err error) {
	m = &machine{t: t, k: sim.New(cfg), rand: rand.New(rand.NewPCG(cfg.Seed, 1))}
	t.Cleanup(m.k.Close)
	if prepare != nil {
		prepare(m.k)
	}
	args := slices.Concat([]string{target.Name}, target.Flags, flags)
	m.server = m.k.Start(sim.Program{Main: target.Main, Args: args})
	m.addr, err = tracetest.AwaitReady(m.k, m.server)
	return m, err
}

// rest lets children in advance start, and remembers what the server has without a client.
func (m *machine) rest() {
	m.t.Helper()
	m.advance(time.Second)
	m.open, m.idle = m.server.Descriptors(), len(m.k.Processes())
}

// mostSteps is after how many steps at one moment a server counts as spinning.
const mostSteps = 100_000

// settle lets everything happen that needs no time. Clients read and act between the steps of the
// servers' threads.
func (m *machine) settle() {
	m.t.Helper()
	m.advance(0)
}

// pump has all clients read and act.
func (m *machine) pump() (done bool) {
	for _, c := range m.clients {
		if c.Pump() {
			c.take()
			done = true
		}
	}
	return done
}

// advance lets d pass.
func (m *machine) advance(d time.Duration) {
	m.t.Helper()
	m.advanceUntil(d, func() bool { return false })
}

// advanceUntil lets d pass, or less if over becomes true, which it reports.
func (m *machine) advanceUntil(d time.Duration, over func() bool) bool {
	m.t.Helper()
	if !m.k.Drive(d, mostSteps, m.pump, over) {
		m.t.Fatalf("the server doesn't stop running at %v", m.k.Uptime())
	}
	return over()
}

// await lets time pass until over is true, and fails the test if that takes longer than most.
func (m *machine) await(what string, most time.Duration, over func() bool) {
	m.t.Helper()
	if !m.advanceUntil(most, over) {
		m.t.Fatalf("%s: not within %v\n%s", what, most, m.log())
	}
}

// log is what the server has written to standard error.
func (m *machine) log() string { return m.server.Err.String() }

// idles reports whether the server has given back all that clients have cost.
func (m *machine) idles() bool {
	return m.server.Descriptors() == m.open && m.server.Family() == m.idle
}

// checkIdle fails the test unless all descriptors and processes are given back within most.
func (m *machine) checkIdle(most time.Duration) {
	m.t.Helper()
	if !m.advanceUntil(most, m.idles) {
		m.t.Errorf("%v after the last client has gone: %d descriptors and %d processes, want %d and %d as before the first\n%s",
			most, m.server.Descriptors(), m.server.Family(), m.open, m.idle, m.log())
	}
}

// stop sends SIGTERM. It fails the test unless the server ends in time, with status 0, with all its
// children, and without a panic.
func (m *machine) stop(most time.Duration) {
	m.t.Helper()
	m.server.Signal(sim.SIGTERM)
	m.awaitEnd(most, 0)
}

// awaitEnd waits for the end of the server, and checks its exit status.
func (m *machine) awaitEnd(most time.Duration, status int) {
	m.t.Helper()
	ended := func() bool { _, ended := m.server.Ended(); return ended && m.k.Programs() == 0 }
	if !m.advanceUntil(most, ended) {
		m.t.Errorf("the server still has %d processes after %v\n%s", m.k.Programs(), most, m.log())
	}
	if got, _ := m.server.Ended(); got.ExitStatus() != status {
		m.t.Errorf("the server ended with status %d, want %d\n%s", got.ExitStatus(), status, m.log())
	}
	m.checkPanics()
}

func (m *machine) checkPanics() {
	m.t.Helper()
	for _, p := range m.k.Panics() {
		m.t.Errorf("process %d panicked: %v\n%s", p.Pid, p.Value, p.Stack)
	}
}
