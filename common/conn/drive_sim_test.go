//go:build sim

package conn

import (
	"net/netip"
	"testing"
	"time"

	"threeloops/common/docroot"
	"threeloops/common/outq"
	"threeloops/common/session"
	"threeloops/common/sim"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// machine is a simulated kernel. The test is the only program on it, and also moves the clients.
type machine struct {
	*sim.Kernel
	t      *testing.T
	failed map[sim.Errno]int // how many calls of the test have failed with each errno
}

// simulate runs a test as a program on a simulated kernel.
func simulate(t *testing.T, test func(m *machine)) {
	t.Helper()
	m := &machine{t: t, failed: map[sim.Errno]int{}}
	m.Kernel = sim.New(sim.Config{Trace: func(e sim.Event) {
		if e.Pid == 1 {
			m.failed[e.Errno]++
		}
	}})
	defer m.Close()
	p := m.Start(sim.Program{Args: []string{"test"}, Main: func() { test(m) }})
	m.Run(time.Hour)
	for _, p := range m.Panics() {
		t.Errorf("the program has panicked: %v\n%s", p.Value, p.Stack)
	}
	if _, ended := p.Ended(); !ended && !t.Failed() {
		t.Error("the program still runs after an hour")
	}
}

// fails makes calls fail from now on, and counts again from 0 how many have.
func (m *machine) fails(call string, errno sim.Errno, times int) {
	m.failed[errno] = 0
	m.Inject(sim.Fault{Call: call, Errno: errno, Times: times})
}

// listen opens a listener that is closed when the test ends the kernel.
func (m *machine) listen(addr string) *Listener {
	m.t.Helper()
	lns, err := Listen(Config{Addr: addr, Backlog: 16, NoDelay: true}, NewIO(new(stat.Slot)))
	if err != nil {
		m.t.Fatal(err)
	}
	return lns[0]
}

// dial connects a client.
func (m *machine) dial(ln *Listener) *sim.Client {
	m.t.Helper()
	at := ln.Addr
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	c := m.NewClient("client")
	if err := c.Connect(at, netip.Addr{}); err != nil {
		m.t.Fatal(err)
	}
	return c
}

// simWorld is a connection of a simulated kernel, with both ends.
type simWorld struct {
	*machine
	*Conn
	cfg  *session.Config
	peer *sim.Client
	now  time.Time
}

func (m *machine) connect(app session.App) *simWorld {
	m.t.Helper()
	ln := m.listen("127.0.0.1:0")
	w := &simWorld{machine: m, peer: m.dial(ln), now: sys.Now()}
	fd, v, err := ln.Accept()
	if v != Accepted {
		m.t.Fatal(v, err)
	}
	w.cfg = &session.Config{
		App: app, Stat: ln.io.Stat, MaxHead: 1 << 14, MaxBody: 1 << 20, MaxMessage: 1 << 20, CloseTimeout: time.Minute,
	}
	w.Conn = NewConn(fd, 1, ln.io, w.cfg, w.now, func(*Conn) {})
	ln.Close()
	return w
}

// finish flushes until all is sent or the connection is over, as a loop does, and closes it then.
func (w *simWorld) finish() {
	for range 10_000 {
		w.cfg.Round()
		unfinished := w.Flush(w.now)
		w.peer.Pump()
		if w.Want() == 0 {
			w.Close()
			w.peer.Pump()
			return
		}
		if !unfinished && w.Want()&session.Write == 0 {
			return
		}
	}
	w.t.Error("after 10,000 flushes the response isn't sent")
}

// file makes a file and opens it in the same way as the application.
func (m *machine) file(text []byte) outq.File {
	m.t.Helper()
	m.WriteFile("/file", text)
	root, err := docroot.Open("/")
	if err != nil {
		m.t.Fatal(err)
	}
	defer sys.Close(root.Fd())
	f, _, _, err := root.Open("file")
	if err != nil {
		m.t.Fatal(err)
	}
	return f
}
