package session_test

import (
	"testing"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// driver drives one session. Unlike tracetest.Loop it checks nothing, because the checks allocate.
type driver struct {
	cfg     *session.Config
	s       *session.Session
	scratch [64 << 10]byte
	runs    [8][]byte
}

func newDriver(app session.App, flags ...string) *driver {
	cfg := &session.Config{App: app, Stat: new(stat.Slot)}
	tracetest.Configure(cfg, flags)
	return &driver{cfg: cfg, s: session.New(cfg, 1, tracetest.Birth, nil)}
}

// exchange feeds p and sends all responses. It returns the number of bytes of the responses.
func (d *driver) exchange(p []byte) (sent int) {
	d.cfg.Round()
	if len(p) > 0 {
		to := d.s.Into(d.scratch[:])
		d.s.Feed(tracetest.Birth, to[:copy(to, p)])
	}
	for b := d.s.Next(d.runs[:]); !b.Empty(); b = d.s.Next(d.runs[:]) {
		n := 0
		for _, run := range b.Bytes {
			n += len(run)
		}
		d.s.Sent(tracetest.Birth, n)
		sent += n
	}
	return sent
}

func TestAnEchoedMessageAllocatesNothing(t *testing.T) {
	d := newDriver(new(testApp))
	d.exchange(tracetest.FromPeer("handshake /ws"))
	message := tracetest.FromPeer("text pattern 64")
	n := testing.AllocsPerRun(1000, func() {
		if sent := d.exchange(message); sent != 66 {
			t.Fatalf("want 66 bytes sent, got %d", sent)
		}
	})
	if n != 0 {
		t.Errorf("want no allocations for an echoed message, got %.1f", n)
	}
}

// A few allocations are allowed because of the race detector: with it sync.Pool drops some of the
// values that it is given.
func TestALargeEchoedMessageAllocatesNothing(t *testing.T) {
	d := newDriver(new(testApp))
	d.exchange(tracetest.FromPeer("handshake /ws"))
	message := tracetest.FromPeer("binary pattern 1048576")
	n := testing.AllocsPerRun(50, func() {
		sent := 0
		for p := message; len(p) > 0; {
			to := d.s.Into(d.scratch[:])
			k := copy(to, p)
			d.s.Feed(tracetest.Birth, to[:k])
			p = p[k:]
			sent += d.exchange(nil)
		}
		if sent != 1048576+10 {
			t.Fatalf("want an echo of the message, got %d bytes", sent)
		}
	})
	if n > 3 {
		t.Errorf("want no allocations for a message of 1 MiB, got %.1f", n)
	}
}

func TestASmallGetAllocatesNothing(t *testing.T) {
	d := newDriver(plainApp{new(testApp), &session.Response{Status: 200, Body: []byte("hello")}})
	get := tracetest.FromPeer("get /hello")
	n := testing.AllocsPerRun(1000, func() {
		if sent := d.exchange(get); sent < 60 {
			t.Fatalf("want a response, got %d bytes", sent)
		}
	})
	if n != 0 {
		t.Errorf("want no allocations for a small GET, got %.1f", n)
	}
}

func BenchmarkEcho64(b *testing.B) {
	d := newDriver(new(testApp))
	d.exchange(tracetest.FromPeer("handshake /ws"))
	message := tracetest.FromPeer("text pattern 64")
	b.ReportAllocs()
	for b.Loop() {
		d.exchange(message)
	}
}

// plainApp sends the same response to every request.
type plainApp struct {
	*testApp
	response *session.Response
}

func (a plainApp) Request(c *session.Conn, _ *http1.Request, _ []byte) { c.Respond(a.response) }
