package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestMain(m *testing.M) {
	Worker()
	os.Exit(m.Run())
}

// echoer is a WebSocket echo whose answers go through reply, which may wait or change them.
func echoer(t *testing.T, reply func([]byte) []byte) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/echo" {
			io.WriteString(w, "a page")
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if c.Write(context.Background(), kind, reply(p)) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func same(p []byte) []byte { return p }

func socketURL(s *httptest.Server) string { return "ws" + strings.TrimPrefix(s.URL, "http") + "/echo" }

// short returns the options of a run of a fraction of a second.
func short(p Plan) Options {
	p.Active, p.Depth = max(p.Active, 1), max(p.Depth, 1)
	return Options{Plan: p, PID: os.Getpid(), Warm: 20 * time.Millisecond, Time: 200 * time.Millisecond}
}

func TestProgressSaysHowManyThereWereInEachSecond(t *testing.T) {
	var said strings.Builder
	o := short(Plan{Size: 64, Active: 3})
	s := echoer(t, same)
	o.URL, o.Time, o.Progress = socketURL(s), 2100*time.Millisecond, &said
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	total, sum := uint64(0), uint64(0)
	for line := range strings.Lines(said.String()) {
		var second, all string
		var last uint64
		if n, _ := fmt.Sscanf(line, "load: counting: %s of %s %d messages, %d in the last second", &second, &all, &total, &last); n != 4 {
			continue
		}
		if sum += last; last == 0 || total != sum {
			t.Errorf("%q: no messages in a second, or a wrong sum", line)
		}
	}
	if total == 0 || total > r.Messages {
		t.Errorf("the last line has %d messages, the result %d; the lines are\n%s", total, r.Messages, &said)
	}
}

func TestEveryKindOfLoadIsAnswered(t *testing.T) {
	s := echoer(t, same)
	for _, c := range []struct {
		about string
		o     Options
	}{
		{"one message at a time", short(Plan{Size: 64, Active: 3})},
		{"empty messages", short(Plan{Size: 0})},
		{"text", short(Plan{Size: 200, Text: true})},
		{"more messages in flight than there are different ones", short(Plan{Size: 10, Depth: 200})},
		{"messages longer than a read", short(Plan{Size: 600 << 10, Depth: 3})},
		{"idle connections beside an active one", short(Plan{Size: 64, Idle: 100})},
		{"a new connection for each message", short(Plan{Size: 64, Active: 3, Churn: true})},
		{"a given rate", short(Plan{Size: 64, Active: 3, Rate: 500})},
		{"a given rate of connections", short(Plan{Size: 64, Active: 3, Rate: 100, Churn: true})},
		{"many workers", func() Options { o := short(Plan{Size: 64, Active: 30}); o.Workers = 8; return o }()},
		{"the same message each time", short(Plan{Size: 64, Fixed: true})},
	} {
		c.o.URL = socketURL(s)
		load(t, c.about, c.o)
	}
	for _, c := range []struct {
		about string
		o     Options
	}{
		{"HTTP", short(Plan{Active: 3})},
		{"pipelined requests", short(Plan{Active: 3, Depth: 16})},
		{"a new connection for each request", short(Plan{Active: 3, Churn: true})},
		{"idle HTTP connections", short(Plan{Active: 1, Idle: 20})},
	} {
		c.o.URL = s.URL + "/page"
		load(t, c.about, c.o)
	}
}

func load(t *testing.T, about string, o Options) {
	t.Helper()
	r, err := Run(t.Context(), o)
	switch {
	case err != nil:
		t.Errorf("%s: %v", about, err)
	case r.Messages == 0 || r.Total < r.Messages || r.Latency.TotalCount() == 0:
		t.Errorf("%s: counted %d messages of %d, and %d latencies", about,
			r.Messages, r.Total, r.Latency.TotalCount())
	case r.Owner.PID != os.Getpid():
		t.Errorf("%s: the owner is process %d, want %d", about, r.Owner.PID, os.Getpid())
	}
}

func TestALieIsFound(t *testing.T) {
	for _, c := range []struct {
		about string
		reply func([]byte) []byte
		want  string
	}{
		{"a changed byte", func(p []byte) []byte { p[40] ^= 1; return p }, "byte 40 of the answer is"},
		{"a lost byte", func(p []byte) []byte { return p[:63] }, "63 of 64 bytes came back"},
		{"an added byte", func(p []byte) []byte { return append(p, 0) }, "longer than the expected 64 bytes"},
		{"the previous answer", repeated(), "of the answer is"},
	} {
		o := short(Plan{URL: socketURL(echoer(t, c.reply)), Size: 64})
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %s", c.about, err, c.want)
		}
	}
}

// repeated answers each message except the first with the previous one.
func repeated() func([]byte) []byte {
	var last []byte
	return func(p []byte) []byte {
		answer := last
		last = p
		if answer == nil {
			return p
		}
		return answer
	}
}

func TestALieInHTTPIsFound(t *testing.T) {
	page := func(body func(n int64) string) *httptest.Server {
		var n atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, body(n.Add(1)))
		}))
		t.Cleanup(s.Close)
		return s
	}
	for _, c := range []struct {
		about, want string
		body        func(n int64) string
	}{
		{"another body", "byte 5 of the answer",
			func(n int64) string { return "page " + strconv.Itoa(int(min(n/50, 1))) }},
		{"a longer body", "the Content-Length is",
			func(n int64) string { return strings.Repeat("x", 5+int(n/50)) }},
	} {
		_, err := Run(t.Context(), short(Plan{URL: page(c.body).URL}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %s", c.about, err, c.want)
		}
	}
}

func TestAServerThatGoesAwayEndsTheLoad(t *testing.T) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err == nil && n.Add(1) > 0 {
			c.Read(context.Background())
			c.Close(websocket.StatusTryAgainLater, "full")
		}
	}))
	defer s.Close()
	_, err := Run(t.Context(), short(Plan{URL: socketURL(s), Size: 64}))
	if want := "the server closed with 1013 full"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want one with %s", err, want)
	}
}

// A closed loop would see only one slow message per connection. At a given rate, every message that
// should have been sent during the stall shows it.
func TestAStallShowsInAnOpenLoop(t *testing.T) {
	var stalled atomic.Bool
	var begun atomic.Int64
	s := echoer(t, func(p []byte) []byte {
		first := begun.CompareAndSwap(0, time.Now().UnixNano())
		late := time.Now().UnixNano()-begun.Load() > int64(time.Second)
		if !first && late && stalled.CompareAndSwap(false, true) {
			time.Sleep(time.Second)
		}
		return p
	})
	o := short(Plan{URL: socketURL(s), Size: 64, Rate: 200})
	o.Time = 4 * time.Second
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// A quarter of the messages was due during the stall, so their latencies are spread over that
	// second.
	if p99 := time.Duration(r.Latency.ValueAtQuantile(99)); p99 < 700*time.Millisecond {
		t.Errorf("the server stalled for 1 s of 4, but p99 is %v", p99)
	}
	if p90 := time.Duration(r.Latency.ValueAtQuantile(90)); p90 < 300*time.Millisecond {
		t.Errorf("the server stalled for 1 s of 4, but p90 is %v", p90)
	}
}

func TestWhatIsUnansweredAtTheEndCounts(t *testing.T) {
	block := make(chan bool)
	var n atomic.Int64
	s := echoer(t, func(p []byte) []byte {
		if n.Add(1) == 50 {
			<-block
		}
		return p
	})
	defer close(block)
	o := short(Plan{URL: socketURL(s), Size: 64, Rate: 200})
	o.Time = 2 * time.Second
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Latency.TotalCount(); n < 350 {
		t.Errorf("400 messages were due, but the histogram has %d", n)
	}
	if p50 := time.Duration(r.Latency.ValueAtQuantile(50)); p50 < 300*time.Millisecond {
		t.Errorf("the server answered nothing most of the time, but p50 is %v", p50)
	}
}

func TestAPortOfSomebodyElseIsRefused(t *testing.T) {
	s := echoer(t, same)
	o := short(Plan{URL: socketURL(s), Size: 64})
	// This process of ours doesn't listen: it is a worker that waits for its plan.
	other, err := os.StartProcess("/proc/self/exe", []string{"other"},
		&os.ProcAttr{Env: append(os.Environ(), workerEnv+"=1"), Files: pipeEnd(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { other.Kill(); other.Wait() }()
	o.PID = other.Pid
	_, err = Run(t.Context(), o)
	want := "does not belong to process " + strconv.Itoa(other.Pid)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want one with %s", err, want)
	}
	if err != nil && !strings.Contains(err.Error(), "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("the error is %v, want one that names process %d", err, os.Getpid())
	}
}

func pipeEnd(t *testing.T) []*os.File {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return []*os.File{r, nil, nil}
}

func TestRefusals(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	ln.Close()
	for _, c := range []struct {
		want string
		p    Plan
	}{
		{"nobody listens on", Plan{URL: "ws://" + nobody + "/echo", Active: 1, Depth: 1}},
		{"use a loopback address", Plan{URL: "ws://192.0.2.1/echo", Active: 1, Depth: 1}},
		{"must be an IP address", Plan{URL: "ws://example.com/echo", Active: 1, Depth: 1}},
		{"use ws:// or http://", Plan{URL: "ftp://127.0.0.1/", Active: 1, Depth: 1}},
		{"use at least 1", Plan{URL: "ws://127.0.0.1/", Depth: 1}},
		{"use at least 1", Plan{URL: "ws://127.0.0.1/", Active: 1}},
		{"use less than", Plan{URL: "ws://127.0.0.1/", Active: 1, Depth: 1000, Size: 1 << 20}},
	} {
		_, err := Run(t.Context(), Options{Plan: c.p, Time: time.Millisecond})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: the error is %v, want one with %s", c.p, err, c.want)
		}
	}
}

func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	o := short(Plan{URL: "ws://" + ln.Addr().String() + "/echo"})
	if _, err := Run(ctx, o); err != context.DeadlineExceeded {
		t.Errorf("the error is %v, want one for the end of the time", err)
	}
}

func TestATornHandshakeAndFramesAreUnderstood(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	// This proxy forwards one byte at a time.
	s := echoer(t, same)
	go func() {
		for {
			down, err := ln.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp4", s.Listener.Addr().String())
			if err != nil {
				return
			}
			go io.Copy(up, down)
			go func() {
				for r := bufio.NewReader(up); ; {
					b, err := r.ReadByte()
					if err != nil {
						down.Close()
						return
					}
					down.Write([]byte{b})
				}
			}()
		}
	}()
	load(t, "one byte at a time", short(Plan{URL: "ws://" + ln.Addr().String() + "/echo", Size: 300, Depth: 2}))
	load(t, "HTTP, one byte at a time", short(Plan{URL: "http://" + ln.Addr().String() + "/page", Depth: 2}))
}

func TestTheTimetableMeetsItself(t *testing.T) {
	p := pace{rate: 1000, active: 7, start: 12345}
	for _, now := range []int64{0, 12344, 12345, 12346, 1e6, 1e9, 3600e9} {
		n, sum := p.issued(now), int64(0)
		for c := range p.active {
			due := p.due(c, n)
			sum += due
			if due > 0 && p.at(c, due-1) > now {
				t.Errorf("at %d message %d of connection %d counts as due, but its time is %d",
					now, due-1, c, p.at(c, due-1))
			}
			if p.at(c, due) < now-1 {
				t.Errorf("at %d message %d of connection %d is not due, but its time was %d",
					now, due, c, p.at(c, due))
			}
		}
		if sum != n {
			t.Errorf("at %d the connections have %d due messages in all, want %d", now, sum, n)
		}
	}
}

func TestHexAddr(t *testing.T) {
	got, err := hexAddr("0100007F:1F43")
	if want := netip.MustParseAddrPort("127.0.0.1:8003"); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	got, err = hexAddr("00000000000000000000000001000000:1F43")
	if want := netip.MustParseAddrPort("[::1]:8003"); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}
