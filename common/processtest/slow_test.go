package processtest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"threeloops/common/ws"
)

// servesOthersBesideSlowReaders has clients that read a byte a second of a large file, and
// counts the requests of another client that are answered.
func servesOthersBesideSlowReaders(t *testing.T) {
	p := Launch(t, "-root="+newRoot(t))
	alone := p.served(t, 2*time.Second)
	for range 3 {
		c, err := dialNarrow(p.Addr)
		must(t, err)
		defer c.Close()
		must(t, c.ask("/large"))
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for one := make([]byte, 1); ; {
				select {
				case <-stop:
					return
				case <-time.After(time.Second):
					c.Read(one)
				}
			}
		}()
	}
	p.AwaitOpen(1 + 3)
	waits := p.Stats()["sys_wait"]
	beside := p.served(t, 2*time.Second)
	waits = p.Stats()["sys_wait"] - waits
	t.Logf("requests served in two seconds: %d alone, %d beside slow readers", alone, beside)
	// A server that waited for them would serve a handful. The margin is wide,
	// because machines are noisy.
	if beside < alone/50 {
		t.Errorf("requests served beside slow readers: got %d, want about %d as without them", beside, alone)
	}
	if waits > 3*beside+1000 {
		t.Errorf("waits: got %d for %d requests, want about one each", waits, beside)
	}
}

// served is how many requests one client gets answered in a while.
func (p *Process) served(t *testing.T, d time.Duration) (n int) {
	t.Helper()
	c, err := dial(p.Addr)
	must(t, err)
	defer c.Close()
	for end := time.Now().Add(d); time.Now().Before(end); n++ {
		_, err := c.get("/_/style.css")
		must(t, err)
	}
	return n
}

// boundsQueue has clients that send and send, and never read what comes back.
func boundsQueue(t *testing.T) {
	const attempt, growth = 100 << 20, 24 << 20
	for _, size := range []int{100, 64 << 10, 1 << 20} {
		p := Launch(t)
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		must(t, c.echo(make([]byte, size)))
		before := p.memory()
		taken := c.fill(bytes.Repeat(frame(ws.Binary, make([]byte, size)), max(1, 64<<10/size)), attempt)
		if taken >= attempt {
			t.Errorf("messages of %d bytes: the server took all %d bytes, want it to stop", size, attempt)
		}
		if more := p.memory() - before; more > growth {
			t.Errorf("messages of %d bytes: memory grew by %d KiB, want at most %d", size, more>>10, growth>>10)
		}
		p.CheckSleeps()
		c.Close()
		p.AwaitOpen(1)
	}
}

// answersHalfClosed has clients that send, say that nothing follows, and read.
func answersHalfClosed(t *testing.T) {
	p := Launch(t, "-root="+newRoot(t))
	c, err := dialNarrow(p.Addr)
	must(t, err)
	must(t, errors.Join(c.ask("/small"), c.ask("/large"), c.CloseWrite()))
	for _, size := range []int{len("a small file\n"), largeFile} {
		r, err := c.answer()
		must(t, errors.Join(err, equal("status", r.status, 200), equal("size", len(r.body), size)))
	}
	must(t, c.ended())

	c, err = open(p.Addr)
	must(t, err)
	must(t, errors.Join(c.send(ws.Text, []byte("last")), c.CloseWrite(), c.receives(ws.Text, []byte("last")), c.ended()))

	c, err = dial(p.Addr)
	must(t, err)
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\n")
	must(t, errors.Join(err, c.CloseWrite()))
	r, err := c.answer()
	must(t, errors.Join(err, equal("status of half a request", r.status, 400), c.ended()))
	p.AwaitOpen(1)
}

// cutsOffSlowClients has a client for each of the server's timeouts. More of them are in
// simtest.Timeouts, where time is virtual.
func cutsOffSlowClients(t *testing.T) {
	p := Launch(t, "-head-timeout=300ms", "-idle-timeout=1s", "-close-timeout=300ms")
	p.CheckHealthz()
	for _, tt := range []struct {
		title, sends string
	}{
		{"half a head", "GET / HTTP/1.1\r\nHost: loc"},
		{"half a body", "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"},
	} {
		t.Run(tt.title, func(t *testing.T) {
			c, err := dial(p.Addr)
			must(t, err)
			defer c.Close()
			_, err = io.WriteString(c, tt.sends)
			must(t, err)
			r, err := c.answer()
			must(t, errors.Join(err, equal("status", r.status, http.StatusRequestTimeout), c.ended()))
		})
	}
	t.Run("a WebSocket that answers no ping", func(t *testing.T) {
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		ev, err := c.frames.Next()
		must(t, errors.Join(err, equal("first frame", ev.Kind, ws.PingFrame),
			c.closed(ws.InternalError), c.ended()))
	})
	p.AwaitOpen(1)
	p.CheckSleeps()
}
