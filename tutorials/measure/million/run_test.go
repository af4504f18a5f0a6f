package million

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestMain(m *testing.M) {
	Child()
	os.Exit(m.Run())
}

// echo is a server in this process, with /echo and /stats. Each WebSocket that opens gets a number from
// 1 on, and with it serve decides what the server does. The default is to echo.
type echo struct {
	*httptest.Server
	open, all atomic.Int64
	serve     func(number int64, c *websocket.Conn) error
	refuse    int64 // the number of the first handshake that gets a 503; 0: none
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	e := &echo{serve: func(_ int64, c *websocket.Conn) error { return serveEcho(c) }}
	e.Server = httptest.NewUnstartedServer(e)
	e.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			e.open.Add(1)
		} else if s == http.StateClosed {
			e.open.Add(-1)
		}
	}
	e.Start()
	t.Cleanup(e.Close)
	return e
}

func serveEcho(c *websocket.Conn) error {
	for {
		kind, p, err := c.Read(context.Background())
		if err != nil {
			return err
		}
		if err := c.Write(context.Background(), kind, p); err != nil {
			return err
		}
	}
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stats" {
		fmt.Fprintf(w, `{"connections":%d,"slots":[{"accepted":7,"closed":2}]}`, e.open.Load())
		return
	}
	number := e.all.Add(1)
	if e.refuse > 0 && number >= e.refuse {
		http.Error(w, "full", http.StatusServiceUnavailable)
		return
	}
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer e.open.Add(-1) // http.Server doesn't see the end of a hijacked connection
	defer c.CloseNow()
	e.serve(number, c)
}

// short returns the options of a run that takes about a second.
func short(e *echo, n int) Options {
	addr := netip.MustParseAddrPort(strings.TrimPrefix(e.URL, "http://"))
	return Options{
		Target: Target{Name: "echo", Addr: addr, PID: os.Getpid(), Loops: 1},
		Conns:  n, Talkers: 20, Hold: 50 * time.Millisecond, Talk: 1100 * time.Millisecond,
		Limit: time.Minute, Stall: 10 * time.Second, Reserve: 64 << 20,
	}
}

func TestARunOpensTalksAndCloses(t *testing.T) {
	t.Parallel()
	var lines atomic.Int64
	o := short(newEcho(t), 300)
	o.Progress = func(string) { lines.Add(1) }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Open != 300 || r.Closed != 300 || r.Lost != 0 || r.Why != "" || r.LostBecause != "" {
		t.Errorf("%d connections opened (%s), %d ended by the closing handshake, %d otherwise (%s); want 300, 300, 0",
			r.Open, r.Why, r.Closed, r.Lost, r.LostBecause)
	}
	if m := r.Many; m.Talkers != 20 || m.Conns != 300 || m.Messages == 0 || m.Latency.TotalCount() < int64(m.Messages) {
		t.Errorf("the talk is %+v", m)
	}
	if r.Few.Latency != nil {
		t.Error("there was a talk with fewer connections, although there are no more")
	}
	if lines.Load() == 0 {
		t.Error("the run has reported no progress")
	}
}

func TestARunSaysWhyItOpensNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about string
		spoil func(e *echo, o *Options)
		why   string
		open  int
	}{
		{"a server that refuses", func(e *echo, _ *Options) { e.refuse = 101 }, "refused a handshake: HTTP/1.1 503", 100},
		{"a limit of tables", func(_ *echo, o *Options) { o.Conns, o.Fits = 1100, 1050 }, "the limit of open files", 1050},
		{"no time", func(_ *echo, o *Options) { o.Limit = -1 }, "time:", 0},
	} {
		e := newEcho(t)
		o := short(e, 200)
		o.Talk = 0
		c.spoil(e, &o)
		r, err := Run(t.Context(), o)
		if c.open == 0 {
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: error %v, want %q", c.about, err, c.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if r.Open != c.open || !strings.Contains(r.Why, c.why) || r.Lost > burst {
			t.Errorf("%s: %d connections are open and %d are lost, because of %q; want %d and %q", c.about, r.Open, r.Lost, r.Why, c.open, c.why)
		}
	}
}

// A full loop accepts nobody. Its clients are connected, and wait in its queue until the run gives up.
func TestWaitingClientsAreFound(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // it never accepts
	e := newEcho(t)
	o := short(e, 30)
	o.Stall, o.Loops = 300*time.Millisecond, 2
	r := run{Options: o, m: "/", server: newServer(o.Target), budget: budget{reserve: o.Reserve, cost: leastCost}}
	if _, err := r.server.stats(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &setup{Addr: netip.MustParseAddrPort(ln.Addr().String()), Threads: 2, Each: 20, Ports: 100}
	if r.crowd, err = startCrowd(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	defer r.crowd.end()
	if err := r.open(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	if want := "loop 0 is full with 5 connections, and 30 clients wait"; !strings.Contains(r.result.Why, want) {
		t.Errorf("the reason is %q, want %q", r.result.Why, want)
	}
	if r.last.Waiting != 0 || r.last.Open != 0 {
		t.Errorf("%d clients still wait, and %d are open", r.last.Waiting, r.last.Open)
	}
}

func TestLostConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about, why string
		serve      func(number int64, c *websocket.Conn) error
	}{
		{"a server that closes", errClosed.Error(), func(n int64, c *websocket.Conn) error {
			if n == 3 {
				time.Sleep(100 * time.Millisecond)
				return c.CloseNow()
			}
			return serveEcho(c)
		}},
		{"a server that begins the closing handshake", errUnasked.Error(), func(n int64, c *websocket.Conn) error {
			if n == 3 {
				time.Sleep(100 * time.Millisecond)
				return c.Close(websocket.StatusNormalClosure, "")
			}
			return serveEcho(c)
		}},
		{"a server with wrong answers", errNotEcho.Error(), func(n int64, c *websocket.Conn) error {
			if n > 1 {
				return serveEcho(c)
			}
			c.Read(context.Background())
			c.Write(context.Background(), websocket.MessageText, []byte("something else"))
			return serveEcho(c)
		}},
	} {
		e := newEcho(t)
		e.serve = c.serve
		o := short(e, 20)
		o.Hold = 300 * time.Millisecond
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if r.Lost != 1 || r.Closed != 19 || r.LostBecause != c.why {
			t.Errorf("%s: %d connections are lost (%s), and %d closed; want 1 (%s) and 19", c.about, r.Lost, r.LostBecause, r.Closed, c.why)
		}
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := short(newEcho(t), 100)
	o.Hold = time.Hour
	o.Progress = func(line string) {
		if strings.Contains(line, "idle") {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

func TestTooLittleMemoryOpensNothing(t *testing.T) {
	t.Parallel()
	o := short(newEcho(t), 100)
	o.Reserve = 1 << 50
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "must stay available") {
		t.Errorf("the error is %v", err)
	}
}
