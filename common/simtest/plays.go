package simtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
)

// failsAtStart lets a call fail before the server is ready. The server may serve all the same.
// Otherwise it must end with one line that tells why.
func (target Target) failsAtStart(t *testing.T, f sim.Fault) (happened bool) {
	m, err := target.try(t, trialConfig, &f)
	defer m.checkPanics()
	switch {
	case !m.happened() && err != nil:
		t.Fatal(err)
	case !m.happened():
		return false
	case m.impossible():
		return true
	case err == nil:
		if l := m.visit("/"); l != nil {
			t.Error(l)
		}
		m.stop(longest)
		return true
	}
	lines, why := m.lines(), f.Errno.Error()
	if f.Errno == sim.EMFILE && f.Call == "eventfd2" {
		why = "the limit of open files is"
	}
	status, ended := m.server.Ended()
	if !ended || status.ExitStatus() != 1 && status.ExitStatus() != 2 || len(lines) != 1 || !strings.Contains(lines[0], why) {
		t.Errorf("%v: the server has ended: %t, with status %d and the lines %q; want status 1 or 2, and one line with %q",
			err, ended, status.ExitStatus(), lines, why)
	}
	return true
}

// failsOnce lets a call fail while the server serves, or while it shuts down.
func (target Target) failsOnce(t *testing.T, f sim.Fault) (happened bool) {
	m := target.ready(t, trialConfig)
	m.fails(f)
	harm := m.serve()
	m.old.leave()
	m.socket.leave()
	if m.advance(time.Second); m.impossible() {
		return true
	}
	m.finish()
	if !m.happened() {
		return false
	}
	m.checkHarm(harm)
	m.checkLines(target.mostLines(f))
	return true
}

// impossible reports whether the fault has happened where it can't on Linux. The parent of a new
// process waits in read(2) for an error of exec; a pipe ends such a wait only with EINTR. After
// another errno, package syscall would wait until the new process ends.
func (m *trial) impossible() bool {
	f := m.fault
	return f.Call == "read" && f.Errno != sim.EINTR && strings.HasSuffix(f.Caller.Func, ".(*parent).spawn")
}

// checkHarm fails the test if a fault that happens once does more harm than it may: one client gets
// another response, or none, and knows it. A file that can't be sent ends with a reset, because its
// last bytes may be wrong.
func (m *trial) checkHarm(harm []*lack) {
	m.t.Helper()
	most := 1
	if Harmless(m.fault) {
		most = 0
	}
	for _, l := range harm {
		if len(harm) > most || l.unknown() || m.fault.Call == "sendfile" && l.end != sim.ECONNRESET.Name() {
			m.t.Errorf("%d clients are harmed, want at most %d, which knows it: %v", len(harm), most, l)
		}
	}
}

// mostLines is how many lines the log may get because of a fault that happens once. If a child of
// forkserv can't serve, it says why, and the parent says that it has died, and what may help.
func (target Target) mostLines(f sim.Fault) int {
	switch {
	case f.Errno == sim.EINTR:
		return 0
	case target.Name == "forkserv":
		return 3
	}
	return 1
}

// failsForAWhile lets many calls fail, one after the other. When they have, nothing may be left of it.
func (target Target) failsForAWhile(t *testing.T, f sim.Fault) (happened bool) {
	m := target.ready(t, trialConfig)
	m.fails(f)
	harm := m.serve()
	for range f.Times { // until the fault is over
		harm = append(harm, m.visit("/"), m.asks(m.old, "/"))
	}
	for _, l := range harm {
		if l != nil && l.unknown() {
			t.Error(l)
		}
	}
	m.advance(10 * time.Second)
	if l := m.visit("/"); l != nil {
		t.Error(l)
	}
	m.old.leave()
	m.socket.leave()
	m.finish()
	m.checkLines(f.Times * target.mostLines(sim.Fault{}))
	return m.happened()
}

const (
	mostCalls    = 1000 // calls in a second that a process may make while calls fail
	mostLogLines = 40   // lines of the log in a second
)

// failsUntilTheEnd lets all calls fail from some moment on. Clients that need no such call are served,
// the server neither spins nor fills the log, and a shutdown ends. If even waits fail, a second signal
// ends the server.
func (target Target) failsUntilTheEnd(t *testing.T, f sim.Fault) (happened bool) {
	wait, transfer := slices.Contains(waits, f.Call), slices.Contains(transfers, f.Call)
	if f.Call == "read" || transfer && Harmless(&f) || f.Errno == sim.EAGAIN || f.Errno == sim.EINTR && f.Call != "accept4" {
		return false // such a call is made again until it doesn't fail, also that of a Waker
	}
	m := target.ready(t, trialConfig)
	m.fails(f)
	calls, begin := m.k.Calls(), m.k.Uptime()
	m.patience = 3 * time.Second
	m.visit("/")
	m.advance(m.patience)
	if !wait && !transfer {
		m.mustServeOld()
	}
	seconds := int((m.k.Uptime() - begin) / time.Second)
	if n, most := int(m.k.Calls()-calls)/seconds, mostCalls*m.k.Programs(); n > most {
		t.Errorf("%d processes make %d calls a second, want at most %d", m.k.Programs(), n, most)
	}
	m.checkLines(seconds * mostLogLines)
	m.endInTime(wait)
	m.checkPanics()
	return m.happened()
}

// endInTime tells the server to end. A second signal may be needed if the first can't reach the loop.
func (m *trial) endInTime(secondSignal bool) {
	m.t.Helper()
	ended := func() bool { _, ended := m.server.Ended(); return ended }
	m.server.Signal(sim.SIGTERM)
	if m.advanceUntil(grace+2*time.Second, ended) {
		if status, _ := m.server.Ended(); status.ExitStatus() != 0 && !secondSignal {
			m.t.Errorf("the server has ended with status %d, want 0\n%s", status.ExitStatus(), m.log())
		}
		return
	}
	if m.server.Signal(sim.SIGTERM); !secondSignal || !m.advanceUntil(time.Second, ended) {
		m.t.Errorf("the server doesn't end\n%s", m.log())
	}
}
