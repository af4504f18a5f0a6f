package session_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

// rounds drives one session, one round after the other.
type rounds struct {
	cfg *session.Config
	s   *session.Session
	now time.Time
	got []byte
}

func newRounds(app session.App, cfg *session.Config, flags ...string) *rounds {
	cfg.App, cfg.Stat = app, new(stat.Slot)
	tracetest.Configure(cfg, flags)
	r := &rounds{cfg: cfg, now: tracetest.Birth}
	r.s = session.New(cfg, 1, r.now, nil)
	return r
}

// next plays a round in which p arrives, and returns Want at its end.
func (r *rounds) next(p []byte) session.Want {
	r.now = r.now.Add(time.Millisecond)
	r.cfg.Round()
	scratch := make([]byte, 64<<10)
	if len(p) > 0 {
		to := r.s.Into(scratch)
		r.s.Feed(r.now, to[:copy(to, p)])
	}
	r.s.Continue(r.now)
	var v [64][]byte
	for b := r.s.Next(v[:]); len(b.Bytes) > 0; b = r.s.Next(v[:]) {
		n := 0
		for _, run := range b.Bytes {
			n += len(run)
			r.got = append(r.got, run...)
		}
		r.s.Sent(r.now, n)
	}
	return r.s.Want()
}

// rest plays rounds until the session has no more work, and returns their number.
func (r *rounds) rest(t *testing.T) (n int) {
	t.Helper()
	for n = 1; r.next(nil)&session.Work != 0; n++ {
		if n > 100_000 {
			t.Fatal("the session has work in each of 100,000 rounds")
		}
	}
	return n
}

const hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

func TestARoundProcessesOnlyAShareOfAPipeline(t *testing.T) {
	const requests, each = 1000, 10 // units of work for a request
	r := newRounds(new(testApp), &session.Config{RoundWork: 50 * each})
	if r.next([]byte(strings.Repeat(hello, requests)))&session.Work == 0 {
		t.Fatal("want work left after the round in which a thousand requests arrived")
	}
	if n := bytes.Count(r.got, []byte("HTTP/1.1 200")); n < 20 || n > 100 {
		t.Errorf("want about 50 responses in the first round, got %d", n)
	}
	if r.s.Want()&session.Read != 0 {
		t.Error("want no Read while input is parked")
	}
	if n := r.rest(t); n < requests/100 {
		t.Errorf("want at least %d rounds for the rest, got %d", requests/100, n)
	}
	if n := bytes.Count(r.got, []byte("HTTP/1.1 200")); n != requests {
		t.Errorf("want %d responses, got %d", requests, n)
	}
	if n := r.cfg.Stat.Get(stat.WorkSpent); n == 0 {
		t.Error("want some rounds counted as used up, got none")
	}
}

// In a round whose work is used up a second client is still served.
func TestASecondClientIsServedWhenTheRoundsWorkIsUsedUp(t *testing.T) {
	r := newRounds(new(testApp), &session.Config{})
	second := session.New(r.cfg, 2, r.now, nil)
	r.next(nil)
	(*session.Conn)(r.s).Spend(1 << 30)
	second.Feed(r.now, []byte(hello))
	var v [8][]byte
	if b := second.Next(v[:]); len(b.Bytes) == 0 {
		t.Error("want a response, got none")
	}
}

func TestADecompressionBombIsInflatedInManyRounds(t *testing.T) {
	const size = 16 << 20
	app := new(testApp)
	r := newRounds(app, &session.Config{RoundWork: 20_000})
	r.next(tracetest.FromPeer(offer))
	frame := tracetest.FromPeer("marked binary deflate repeat 16777216 00")
	for len(frame) > 0 {
		n := min(len(frame), 16<<10)
		r.next(frame[:n])
		frame = frame[n:]
	}
	if app.messages != 0 {
		t.Error("want a later round for the end of the inflation, the message was delivered immediately")
	}
	if got := r.cfg.Memory(); got < 64<<10 || got > 2*size {
		t.Errorf("want the inflated bytes counted as held, got %d bytes", got)
	}
	if n := r.rest(t); n < 10 {
		t.Errorf("want at least 10 rounds for %d bytes, got %d", size, n)
	}
	if app.messages != 1 || len(r.got) < size {
		t.Errorf("want the message echoed, got %d messages and %d bytes", app.messages, len(r.got))
	}
	if got := r.cfg.Memory(); got != 0 {
		t.Errorf("want no memory held after the echo, got %d bytes", got)
	}
}

// putOff is an application that postpones a request, and then responds.
type putOff struct {
	testApp
	asked  int
	bodies []string
	await  *session.Conn // the request waits for Resume
	wait   bool
}

func (a *putOff) Request(c *session.Conn, r *http1.Request, body []byte) {
	a.asked++
	a.bodies = append(a.bodies, string(r.Path())+" "+string(body))
	switch {
	case a.asked > 3:
		c.Respond(&session.Response{Status: 200, Body: body})
	case a.wait:
		a.await = c
		c.Await()
	default:
		c.Postpone()
	}
}

func TestAPostponedRequestIsDeliveredInTheNextRound(t *testing.T) {
	app := new(putOff)
	r := newRounds(app, &session.Config{})
	r.next([]byte("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody" + hello))
	if app.asked != 2 { // when it arrived, and once more in Next
		t.Errorf("want the request delivered twice in its round, got %d times", app.asked)
	}
	r.rest(t)
	if app.asked != 5 || strings.Join(app.bodies[:4], ",") != "/x body,/x body,/x body,/x body" {
		t.Errorf("want the same request delivered until the response, got %q", app.bodies)
	}
	if !strings.Contains(string(r.got), "\r\n\r\nbody") {
		t.Errorf("want the body in the response, got %q", r.got)
	}
	if got := r.cfg.Memory(); got != 0 {
		t.Errorf("want no memory held, got %d bytes", got)
	}
}

func TestAnAwaitingRequestIsDeliveredAfterResume(t *testing.T) {
	app := &putOff{wait: true}
	r := newRounds(app, &session.Config{})
	if w := r.next([]byte(hello)); w&session.Work != 0 || app.asked != 1 {
		t.Fatalf("want the request delivered once and no Work, got %d times and Want %d", app.asked, w)
	}
	for range 3 {
		app.await.Resume()
		r.next(nil)
	}
	if app.asked != 4 || len(r.got) == 0 {
		t.Errorf("want a response after three calls of Resume, got %d deliveries, %q", app.asked, r.got)
	}
}

// In these scenarios a peer is slow, or uses too much memory.
var budgetScenarios = []scenario{
	{"a message that doesn't become complete is closed with 1008", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `part text "begun"`)
		for range 12 {
			b.pass(5 * time.Second)
			b.send(p, `part cont "."`)
		}
		b.pass(time.Second)
		b.wantFrames(p, `close 1008 "the message did not arrive in time"`)
		b.pass(10 * time.Second)
		b.over(p)
	}},
	{"a message gets more time as it arrives", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `part binary repeat 65536 "x"`)
		for range 23 {
			b.pass(5 * time.Second)
			b.send(p, `part cont "."`)
		}
		b.phase(p, "open")
		b.pass(10 * time.Second)
		b.wantFrames(p, `close 1008 "the message did not arrive in time"`)
		b.pass(10 * time.Second)
		b.over(p)
	}},
	{"when memory is short, connections that hold much aren't read", func(b *bench) {
		b.cfg.MaxMemory = 1 << 20
		p, q := b.open("/ws"), b.open("/ws")
		b.send(p, `part binary repeat 700000 "x"`)
		if want := p.Session.Want(); want&session.Read == 0 {
			b.fail("before memory is short: want Read, got Want %d", want)
		}
		b.send(q, `part binary repeat 300000 "x"`)
		if want := p.Session.Want(); want&session.Read != 0 {
			b.fail("while memory is short: want no Read for a connection that holds much, got Want %d", want)
		}
		q.Reset()
		if want := p.Session.Want(); want&session.Read == 0 {
			b.fail("after memory was released: want Read, got Want %d", want)
		}
		b.send(p, `cont "end"`)
		b.want(p, "end")
	}},
	{"without memory the connection that holds the most ends: a WebSocket with 1013, a request with 503", func(b *bench) {
		p, q := b.open("/ws"), b.connect()
		b.send(p, `part binary repeat 100000 "x"`)
		b.send(q, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
		b.send(q, `pattern 100000`)
		for _, victim := range []*tracetest.Peer{p, q} {
			b.loop.Operate(victim, (*session.Session).Evict)
		}
		b.wantFrames(p, `close 1013 "the server has no memory left"`)
		b.want(q, "HTTP/1.1 503", "the server has no memory left")
		b.pass(10 * time.Second)
		b.over(p)
		b.over(q)
		if n := b.stats.Get(stat.MemoryEnded); n != 2 {
			b.fail("want 2 connections counted as ended, got %d", n)
		}
	}},
	{"without memory a peer that doesn't read is reset", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 10 binary pattern 65000`)
		b.loop.Operate(p, (*session.Session).Evict)
		b.over(p)
		b.goneWith(1006)
	}},
}

// A peer that acknowledges a byte now and then is not cut off. A peer that acknowledges none is cut
// off after 1.25 times the write timeout.
func TestAPeerThatAcknowledgesBytesIsNotReset(t *testing.T) {
	const timeout = 8 * time.Second
	r := newRounds(new(testApp), &session.Config{CheckAcks: true}, "-write-timeout=8s")
	r.s.Feed(r.now, []byte(hello))
	var v [8][]byte
	if b := r.s.Next(v[:]); len(b.Bytes) == 0 {
		t.Fatal("want a response, got none")
	}
	unacked := 1 << 20
	tick := func() {
		d := r.s.Deadline()
		if d.IsZero() || !d.After(r.now) {
			t.Fatalf("want a deadline after %v, got %v", r.now, d)
		}
		r.now = d
		if !r.s.AckCheckDue(r.now) {
			t.Fatalf("AckCheckDue is false at the deadline, want true")
		}
		r.s.AckChecked(r.now, unacked)
		r.s.Tick(r.now)
	}
	begin := r.now
	for i := range 40 {
		if i%3 == 0 {
			unacked--
		}
		tick()
		if r.s.Want() == 0 {
			t.Fatalf("check %d: a peer that acknowledges bytes was cut off after %v", i, r.now.Sub(begin))
		}
	}
	unacked--
	tick()
	begin = r.now
	for r.s.Want() != 0 {
		tick()
	}
	if d := r.now.Sub(begin); d < timeout || d > timeout*5/4 {
		t.Errorf("a peer that acknowledges nothing is cut off after %v, want %v to %v", d, timeout, timeout*5/4)
	}
}
