package simtest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// trial is a server with clients of which a call fails. All trials of a Target are the same until
// then.
type trial struct {
	*machine
	patience time.Duration // how long clients wait for a response
	logged   int           // bytes of the log before the fault was injected
	old      *client       // has been served by HTTP, and stays connected
	socket   *client       // has an open WebSocket
	fault    *sim.Fault
}

// fileText is the file that the clients ask for. It needs several writes.
var fileText = strings.Repeat("The quick brown fox jumps over the lazy dog.\n", 2000)

// trialConfig has buffers of sockets that the file doesn't fit into, so that the server waits until it
// can go on.
var trialConfig = sim.Config{SendBuffer: 20_000, ReceiveBuffer: 20_000}

// try starts the server. fault, if it isn't nil, comes before the server's first call.
func (target Target) try(t testing.TB, cfg sim.Config, fault *sim.Fault) (*trial, error) {
	m := &trial{patience: 20 * time.Second} // less than -idle-timeout
	t.Cleanup(func() {
		if t.Failed() && m.fault != nil {
			at := m.fault.Caller
			t.Logf("the fault has happened %d times, the last time in %s, %s:%d", m.fault.Happened, at.Func, at.File, at.Line)
		}
	})
	var err error
	m.machine, err = target.start(t, cfg, func(k *sim.Kernel) {
		k.WriteFile("/index.html", []byte(fileText))
		if fault != nil {
			m.fault = k.Inject(*fault)
		}
	}, "-root=/")
	return m, err
}

// ready is try, with the old clients connected.
func (target Target) ready(t testing.TB, cfg sim.Config) *trial {
	t.Helper()
	m, err := target.try(t, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.rest()
	m.old, m.socket = m.dial(), m.dial()
	m.socket.upgrade("/echo")
	m.advance(time.Second) // until children in advance have started again, too
	m.mustServeOld()
	return m
}

// mustServeOld fails the test unless the clients that stay connected are served.
func (m *trial) mustServeOld() {
	m.t.Helper()
	if l := m.asks(m.old, "/healthz"); l != nil {
		m.t.Error(l)
	}
	if l := m.echoes(); l != nil {
		m.t.Error(l)
	}
}

// fails injects a fault, and begins to count lines of the log.
func (m *trial) fails(f sim.Fault) { m.fault, m.logged = m.k.Inject(f), len(m.log()) }

// happened reports whether the fault has happened.
func (m *trial) happened() bool { return m.fault.Happened > 0 }

// lines are the lines of the log since the fault was injected, without those of level info.
func (m *trial) lines() (lines []string) {
	for line := range strings.Lines(m.log()[m.logged:]) {
		if !strings.Contains(line, " level=INFO ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// checkLines fails the test if the log has more lines than most.
func (m *trial) checkLines(most int) {
	m.t.Helper()
	if lines := m.lines(); len(lines) > most {
		m.t.Errorf("got %d lines in the log, want at most %d: %q", len(lines), most, lines)
	}
}

// visit connects a new client, which asks for path and leaves.
func (m *trial) visit(path string) *lack {
	m.t.Helper()
	c := m.dial()
	l := m.asks(c, path)
	c.leave()
	m.settle()
	return l
}

// asks sends a request, and checks the response.
func (m *trial) asks(c *client, path string) *lack {
	m.t.Helper()
	c.responses = nil
	c.get(path)
	m.advanceUntil(m.patience, func() bool { return len(c.responses) > 0 || c.End != "" })
	l := &lack{client: c.Name, path: path, end: c.End, bytes: len(c.rest)}
	if len(c.responses) > 0 {
		l.whole, l.status, l.bytes = true, c.responses[0].status, len(c.responses[0].body)
		want := map[string]string{"/healthz": "ok\n", "/": fileText}[path]
		if l.status == http.StatusOK && string(c.responses[0].body) == want {
			return nil
		}
	}
	return l
}

// echoes sends a message on the WebSocket, and checks that it comes back.
func (m *trial) echoes() *lack {
	m.t.Helper()
	c := m.socket
	c.messages = nil
	c.frame(ws.Text, []byte("hello"))
	m.advanceUntil(m.patience, func() bool { return len(c.messages) > 0 || c.End != "" })
	if len(c.messages) != 1 || string(c.messages[0]) != "hello" {
		return &lack{client: c.Name, path: "/echo", end: c.End, bytes: len(c.messages)}
	}
	return nil
}

// lack is what a client got instead of what it wanted.
type lack struct {
	client, path string
	whole        bool // it is a whole response, with status
	status       int
	end          string // how the stream has ended; empty: it hasn't
	bytes        int    // of the response's body; of all that has come, if the response isn't whole
}

func (l *lack) Error() string {
	return fmt.Sprintf("%s asks for %s: got a whole response: %t, status %d, end %q and %d bytes",
		l.client, l.path, l.whole, l.status, l.end, l.bytes)
}

// unknown reports whether the client can't know that something is wrong: it waits in vain, or has a
// response that looks right. If the stream ends before Content-Length bytes have come, it knows.
func (l *lack) unknown() bool {
	if l.whole {
		return l.status == http.StatusOK
	}
	return l.end == ""
}

// serve lets clients come and go, and returns what some of them got instead of what they wanted.
func (m *trial) serve() (harm []*lack) {
	m.t.Helper()
	for _, l := range []*lack{m.visit("/"), m.asks(m.old, "/"), m.echoes(), m.visit("/healthz"), m.visit("/")} {
		if l != nil {
			harm = append(harm, l)
		}
	}
	return harm
}

// finish stops the server, after all clients have left. Nothing may be left of them.
func (m *trial) finish() {
	m.t.Helper()
	m.checkIdle(longest)
	m.stop(longest)
}
