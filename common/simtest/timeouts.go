package simtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// The flags' defaults.
const (
	headTimeout  = 10 * time.Second
	idleTimeout  = time.Minute
	writeTimeout = 30 * time.Second
	closeTimeout = 5 * time.Second
	grace        = 10 * time.Second
)

// Timeouts has clients for which the server's timeouts are made, all with the defaults of the flags.
// It checks that the server waits as long as it says, and not much longer.
func Timeouts(t *testing.T, target Target) {
	for _, tt := range []struct {
		title string
		test  func(*testing.T)
	}{
		{"slow clients that exceed a timeout are cut off", target.cutsOffSlowClients},
		{"a WebSocket that answers no ping is closed", target.closesMute},
		{"an unfinished message ends the connection in time", target.endsUnfinished},
		{"a slow but steady message is answered", target.answersSteady},
		{"a client that takes nothing is cut off", target.cutsOffIdleReader},
		{"a client that reads slowly is served", target.servesSlowReader},
		{"a client that never closes is closed after a last response", target.endsLinger},
		{"a server that stood still answers the requests in its sockets", target.answersAfterStall},
		{"a server that stood still reads all of a request before its timeout", target.readsAllAfterStall},
		{"a client can't put its timeout off by sending", target.endsFlood},
		{"a reader is served after the server stood still", target.servesAfterStall},
		{"a poll that nobody answers is empty after 25 seconds", target.answersPolls},
		{"at a limit new clients wait in the backlog", target.waitsAtLimit},
		{"after the grace time the server cuts connections off", target.cutsOffAtGraceEnd},
		{"a second signal ends the server immediately", target.endsAtSecondSignal},
		{"SIGTERM with -defer-accept loses no request", target.finishesDeferred},
	} {
		t.Run(tt.title, tt.test)
	}
}

// checkTime fails the test unless the time since begin is from least to most.
func (m *machine) checkTime(what string, begin, least, most time.Duration) {
	m.t.Helper()
	if took := m.k.Uptime() - begin; took < least || took > most {
		m.t.Errorf("%s after %v, want from %v to %v", what, took, least, most)
	}
}

// ended waits until a client's connection has ended, and returns the first response.
func (m *machine) ended(c *client) (status int) {
	m.t.Helper()
	m.await("the end of a connection", time.Hour, func() bool { return c.End != "" })
	if len(c.responses) > 0 {
		status = c.responses[0].status
	}
	return status
}

// slowly has a client send a byte of text again and again, until its connection has ended.
func (m *machine) slowly(c *client, text string, pause time.Duration) {
	if c.End == "" && text != "" {
		c.write(text[:1])
		m.k.After(pause, func() { m.slowly(c, text[1:]+text[:1], pause) })
	}
}

const bodyHead = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"

func (target Target) cutsOffSlowClients(t *testing.T) {
	for _, tt := range []struct {
		title  string
		sends  string
		slowly string // a byte each half second
		status int    // of the response; 0: none, just the end
		after  time.Duration
	}{
		{"silent", "", "", 0, headTimeout},
		{"an empty line", "\r\n", "", 0, headTimeout},
		{"half a head", "GET / HTTP/1.1\r\nHost: loc", "", http.StatusRequestTimeout, headTimeout},
		{"a head, byte by byte", "GET / HTTP/1.1\r\nX: ", "abc", http.StatusRequestTimeout, headTimeout},
		{"half a body", bodyHead + "abc", "", http.StatusRequestTimeout, idleTimeout},
		{"a body, byte by byte", bodyHead, "abc", http.StatusRequestTimeout, idleTimeout},
		{"idle after a response", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", http.StatusOK, idleTimeout},
	} {
		m := target.boot(t, sim.Config{})
		c, begin := m.dial(), m.k.Uptime()
		c.write(tt.sends)
		m.slowly(c, tt.slowly, time.Second/2)
		if status := m.ended(c); status != tt.status || c.End != sim.FIN {
			t.Errorf("%s: got status %d and %s, want %d and %s", tt.title, status, c.End, tt.status, sim.FIN)
		}
		m.checkTime(tt.title+": cut off", begin, tt.after, tt.after+tt.after/10)
		m.checkIdle(time.Second)
		m.stop(time.Second)
	}
}

func (target Target) closesMute(t *testing.T) {
	m := target.boot(t, sim.Config{})
	c, begin := m.dial(), m.k.Uptime()
	c.mute = true
	c.upgrade("/echo")
	m.await("a ping", time.Hour, func() bool { return c.pings > 0 })
	m.checkTime("a ping", begin, idleTimeout, idleTimeout+time.Second)
	m.await("a Close", time.Hour, func() bool { return c.closeCode != 0 })
	m.checkTime("a Close", begin, idleTimeout+closeTimeout, idleTimeout+closeTimeout+time.Second)
	m.ended(c)
	m.checkTime("the end", begin, idleTimeout+closeTimeout, idleTimeout+closeTimeout+time.Second)
	if c.closeCode != ws.InternalError || c.pings != 1 {
		t.Errorf("got %d pings and a Close with %v, want one and %v", c.pings, c.closeCode, ws.InternalError)
	}
	m.checkIdle(time.Second)
}

var (
	firstFragment = ws.AppendFrame(nil, ws.Header{Opcode: ws.Text, Masked: true}, []byte("x"))
	nextFragment  = ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, []byte("x"))
)

// endsUnfinished has clients begin a message and send a byte of it every three seconds.
func (target Target) endsUnfinished(t *testing.T) {
	begun := func(length int64) []byte {
		return ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Length: length})
	}
	for _, tt := range []struct {
		title, path string
		first, more []byte
	}{
		{"fragments to the echo", "/echo", firstFragment, nextFragment},
		{"fragments to the room", "/chat", firstFragment, nextFragment},
		{"a frame to the echo", "/echo", begun(1 << 20), []byte("x")},
		{"a frame to the room", "/chat", begun(20_000), []byte("x")},
	} {
		m := target.boot(t, sim.Config{})
		c, begin := m.dial(), m.k.Uptime()
		c.upgrade(tt.path)
		c.Send(tt.first)
		var more func()
		more = func() {
			if c.End == "" && c.closeCode == 0 {
				c.Send(tt.more)
				m.k.After(3*time.Second, more)
			}
		}
		more()
		m.await("a Close", time.Hour, func() bool { return c.closeCode != 0 })
		m.checkTime(tt.title+": a Close", begin, idleTimeout*9/10, 3*idleTimeout)
		if c.closeCode != ws.PolicyViolation {
			t.Errorf("%s: got a Close with %v, want %v", tt.title, c.closeCode, ws.PolicyViolation)
		}
		m.checkIdle(time.Minute)
	}
}

// answersSteady has a client send 256 KiB twice as fast as it has to.
func (target Target) answersSteady(t *testing.T) {
	m := target.boot(t, sim.Config{})
	c := m.dial()
	c.upgrade("/echo")
	for piece := range slices.Chunk(frame(ws.Binary, make([]byte, 256<<10)), 16<<10) {
		c.Send(piece)
		m.advance(idleTimeout / 8)
	}
	m.await("the echo", time.Second, func() bool { return len(c.messages) > 0 })
	if len(c.messages[0]) != 256<<10 {
		t.Errorf("got a message of %d bytes, want %d", len(c.messages[0]), 256<<10)
	}
}

// largeFile is more than the sockets hold.
const largeFile = 4 << 20

// bootWithFile starts a server with the file /large.
func (target Target) bootWithFile(t *testing.T, cfg sim.Config) *machine {
	t.Helper()
	return target.bootWith(t, cfg, func(k *sim.Kernel) {
		k.Mkdir("/files")
		k.WriteFile("/files/large", make([]byte, largeFile))
	}, "-root=/files")
}

func (target Target) cutsOffIdleReader(t *testing.T) {
	for _, buffer := range []int{4 << 10, 1 << 20} {
		m := target.bootWithFile(t, sim.Config{ReceiveBuffer: buffer})
		c, begin := m.dial(), m.k.Uptime()
		c.StopReading()
		c.get("/large")
		m.advance(time.Second) // forkserv has replaced the child in advance then
		m.await("the end of the connection", time.Hour, m.idles)
		m.checkTime("cut off", begin, writeTimeout, writeTimeout*3/2)
	}
}

// servesSlowReader has a client read 40 KB a second: the file takes longer than the write timeout.
func (target Target) servesSlowReader(t *testing.T) {
	m := target.bootWithFile(t, sim.Config{SendBuffer: 100_000, ReceiveBuffer: 100_000})
	c := m.dial()
	c.StopReading()
	c.get("/large")
	got := 0
	for range 3 * writeTimeout / time.Second {
		m.advance(time.Second)
		c.Sip(40_000)
		got += len(c.Take())
	}
	if got < 3*40_000*int(writeTimeout/time.Second)/2 || c.End != "" {
		t.Errorf("a client that reads 40,000 bytes a second got %d in %v, and %q", got, 3*writeTimeout, c.End)
	}
}

// endsLinger has a client that is told that it sends too much. It goes on sending, and doesn't close
// its connection.
func (target Target) endsLinger(t *testing.T) {
	m := target.boot(t, sim.Config{})
	c := m.dial()
	c.stays = true
	c.write("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n")
	for range 20 {
		c.write(strings.Repeat("x", 1000))
		m.settle()
	}
	if len(c.responses) != 1 || c.responses[0].status != http.StatusRequestEntityTooLarge || c.End != sim.FIN {
		t.Fatalf("got %d responses and %q, want one with 413, and a FIN", len(c.responses), c.End)
	}
	begin := m.k.Uptime()
	var more func()
	more = func() { c.write("x"); m.k.After(time.Second/10, more) }
	more()
	m.advance(time.Second)
	m.await("the server closes", time.Hour, m.idles)
	m.checkTime("closed", begin, closeTimeout*9/10, 2*closeTimeout)
}

// answersAfterStall stops the machine for longer than the idle timeout. Requests that came meanwhile
// are in the sockets when it goes on.
func (target Target) answersAfterStall(t *testing.T) {
	crowds := []int{20, 1500} // a wait of epoll reports 1,024 events at most
	if target.Name == "forkserv" {
		crowds[1] = 100
	}
	for _, clients := range crowds {
		m := target.boot(t, sim.Config{MaxFiles: 5000})
		var all []*client
		for range clients {
			c := m.dial()
			c.get("/healthz")
			all = append(all, c)
			m.settle()
		}
		m.advance(idleTimeout / 4)
		for _, c := range all {
			c.get("/healthz")
		}
		m.k.Stall(2 * idleTimeout)
		m.advance(time.Second)
		for i, c := range all {
			if len(c.responses) != 2 || c.responses[1].status != http.StatusOK {
				t.Fatalf("client %d of %d: got %d responses, want two", i+1, clients, len(c.responses))
			}
		}
	}
}

// readsAllAfterStall stops the machine while requests are in sockets that take several reads: a long
// one, and a short one of which each read brings a few bytes.
func (target Target) readsAllAfterStall(t *testing.T) {
	const size = 200_000
	m := target.boot(t, sim.Config{})
	long, short := m.dial(), m.dial()
	long.write("POST /echo HTTP/1.1\r\nHost: localhost\r\n")
	short.write("GET /healthz HTTP/1.1\r\n")
	m.advance(time.Second)
	long.write(fmt.Sprintf("Content-Length: %d\r\n\r\n", size))
	long.Send(make([]byte, size))
	short.write("Host: localhost\r\n\r\n")
	m.k.Inject(sim.Fault{Call: "read", Bytes: 8, Times: 20})
	m.k.Stall(5 * idleTimeout)
	m.advance(time.Second)
	for _, c := range []*client{long, short} {
		if len(c.responses) != 1 || c.responses[0].status != http.StatusOK {
			t.Errorf("%s: got %d responses %.200v, want one with status 200", c.Name, len(c.responses), c.responses)
		}
	}
}

// endsFlood has a client begin a message, and then send fragments that add nothing to it. The server
// reads a byte at a time, so in each iteration there is more to read.
func (target Target) endsFlood(t *testing.T) {
	m := target.boot(t, sim.Config{})
	c := m.dial()
	c.upgrade("/echo")
	c.Send(firstFragment)
	m.advance(time.Second)
	empty := ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, nil)
	c.Send(bytes.Repeat(empty, 20_000))
	m.k.Inject(sim.Fault{Call: "read", Bytes: 1, Times: -1})
	m.k.Stall(5 * idleTimeout)
	calls := m.k.Calls()
	m.await("a Close", time.Second, func() bool { return c.closeCode != 0 })
	if n := c.closedAt - calls; c.closeCode != ws.PolicyViolation || n > 3000 {
		t.Errorf("got a Close with %v after %d system calls, want %v after at most 3000", c.closeCode, n, ws.PolicyViolation)
	}
}

// servesAfterStall stops the machine for longer than the write timeout, while a client reads all that
// there is.
func (target Target) servesAfterStall(t *testing.T) {
	m := target.bootWithFile(t, sim.Config{SendBuffer: 50_000, ReceiveBuffer: 50_000})
	c := m.dial()
	c.StopReading()
	c.get("/large")
	m.advance(writeTimeout / 4)
	m.k.Stall(2 * writeTimeout)
	c.ReadAgain()
	m.await("the file", time.Minute, func() bool { c.take(); return len(c.responses) > 0 })
	if got := len(c.responses[0].body); got != largeFile {
		t.Errorf("got %d bytes, want %d", got, largeFile)
	}
}

// answersPolls has a poll wait for longer than a connection may be idle, with a request behind it.
func (target Target) answersPolls(t *testing.T) {
	m := target.boot(t, sim.Config{}, "-idle-timeout=5s")
	s := &room{machine: m}
	var begin time.Duration
	v := &poller{room: s}
	v.connect()
	v.ask("join", func(a pollAnswer) error {
		v.session, v.since = a.Session, a.Seq+1
		begin = m.k.Uptime()
		v.expect(func(a pollAnswer) error {
			if len(a.Messages) > 0 {
				return fmt.Errorf("want an empty answer, got %s", a.Messages)
			}
			return nil
		})
		v.get(fmt.Sprintf("/chat/poll?session=%s&since=%d", v.session, v.since))
		v.get("/healthz")
		return nil
	}, `{"name":"Ann"}`)
	m.await("an empty answer", time.Hour, func() bool { return v.session != "" && v.onResponse == nil })
	m.checkTime("an empty answer", begin, 25*time.Second, 26*time.Second)
	if m.settle(); len(v.responses) != 1 || string(v.responses[0].body) != "ok\n" {
		t.Errorf("after the poll: got %d responses, want that of /healthz", len(v.responses))
	}
}

// waitsAtLimit connects twice as many clients as may be served at the same time.
func (target Target) waitsAtLimit(t *testing.T) {
	const limit = 6
	m := target.boot(t, sim.Config{}, fmt.Sprint("-max-conns=", limit))
	var all []*client
	for range 2 * limit {
		c := m.dial()
		c.get("/healthz")
		all = append(all, c)
	}
	served := func() (n int) {
		for _, c := range all {
			n += len(c.responses)
		}
		return n
	}
	m.advance(time.Second)
	if n := served(); n != limit {
		t.Fatalf("%d clients are served, want %d", n, limit)
	}
	calls := m.k.Calls()
	m.advance(5 * time.Second)
	if n := m.k.Calls() - calls; n > 100 {
		t.Errorf("the server makes %d system calls in five seconds without anything to do: it spins", n)
	}
	for i := range all {
		if len(all[i].responses) > 0 {
			all[i].leave()
			m.advance(time.Second / 2)
		}
	}
	for i, c := range all {
		if len(c.responses) != 1 {
			t.Errorf("client %d: got %d responses after all others have left, want one", i+1, len(c.responses))
		}
	}
}
