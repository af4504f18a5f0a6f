package session_test

import (
	"time"

	"threeloops/common/session"
	"threeloops/common/tracetest"
)

var socketScenarios = []scenario{
	{"a message is echoed, and a Close ends the connection", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "Hello", close 1000`)
		b.wantFrames(p, `text "Hello", close 1000`)
		b.phase(p, "linger")
		b.goneWith(1000)
		p.CloseWrite()
		b.over(p)
		b.goneWith(1000)
	}},
	{"a Close without a code is NoStatus to the application", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `close`)
		b.wantFrames(p, `close`)
		b.goneWith(1005)
	}},
	{"a FIN without a Close is Abnormal to the application", func(b *bench) {
		p := b.open("/ws")
		p.CloseWrite()
		b.wantFrames(p, ``)
		b.over(p)
		b.goneWith(1006)
	}},
	{"a reset is Abnormal to the application", func(b *bench) {
		p := b.open("/ws")
		p.Reset()
		b.over(p)
		b.goneWith(1006)
	}},
	{"a violation is closed with its code", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `81 00`)
		b.wantFrames(p, `close 1002`)
		b.phase(p, "linger")
		b.goneWith(1006)
	}},
	{"the input of a paused peer is parked, and its idle timeout doesn't run", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "pause", text "a"`)
		b.send(p, `text "b"`)
		b.pass(2*time.Minute - 1)
		b.wantFrames(p, ``)
		b.phase(p, "open")
		b.pass(1)
		b.wantFrames(p, `text "now", text "a", text "b"`)
		b.pass(60*time.Second - 1)
		b.wantFrames(p, ``)
		b.pass(1)
		b.wantFrames(p, `ping`)
	}},
	{"a paused peer's FIN is handled after its parked input", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "pause", text "a"`)
		p.CloseWrite()
		b.phase(p, "open")
		b.pass(2 * time.Minute)
		b.wantFrames(p, `text "now", text "a"`)
		b.over(p)
		b.goneWith(1006)
	}},
	{"a paused peer's reset ends the connection immediately", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "pause", text "a"`)
		p.Reset()
		b.over(p)
		b.goneWith(1006)
	}},
	{"a paused peer can be closed", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "pause", text "a"`)
		b.loop.Shutdown()
		b.wantFrames(p, `close 1001`)
		b.send(p, `close 1001`)
		b.phase(p, "linger")
		b.goneWith(1001)
	}},
	{"the operator's text is sent only to open WebSockets", func(b *bench) {
		p, q := b.open("/ws"), b.connect()
		tell := func(want bool) func(*session.Session, time.Time) {
			return func(s *session.Session, now time.Time) {
				if got := s.SendOperatorText(now, []byte("hear, hear")); got != want {
					b.fail("SendOperatorText: got %v, want %v", got, want)
				}
			}
		}
		b.loop.Operate(p, tell(true))
		b.wantFrames(p, `text "hear, hear"`)
		b.loop.Operate(q, tell(false))
		b.want(q)
	}},
	{"Kick closes a WebSocket with 1008", func(b *bench) {
		p := b.open("/ws")
		b.loop.Operate(p, (*session.Session).Kick)
		b.wantFrames(p, `close 1008 "closed by the operator"`)
		b.phase(p, "closing")
		b.send(p, `close 1008`)
		b.goneWith(1008)
	}},
	{"Kick closes an HTTP connection, but first the response that is owed is sent", func(b *bench) {
		idle, begun, waits := b.connect(), b.connect(), b.connect()
		b.send(begun, `"GET /he"`)
		b.send(waits, "get /poll")
		for _, p := range []*tracetest.Peer{idle, begun, waits} {
			b.loop.Operate(p, (*session.Session).Kick)
		}
		b.pass(time.Millisecond)
		b.want(idle)
		b.want(begun)
		b.want(waits, "Connection: close", "nothing")
		for _, p := range []*tracetest.Peer{idle, begun, waits} {
			b.phase(p, "linger")
		}
	}},
	{"Kick ends the connection after CloseTimeout, even if bytes are queued", func(b *bench) {
		slow, read, open := b.connect(), b.connect(), b.open("/ws")
		slow.Stall()
		b.send(slow, "get /file get /file")
		b.send(read, "get /hello") // it has its response, and sends nothing more
		open.Stall()
		b.send(open, `repeat 3 binary pattern 65000`)
		for _, p := range []*tracetest.Peer{slow, read, open} {
			b.loop.Operate(p, (*session.Session).Kick)
		}
		b.pass(5*time.Second - 1)
		for _, p := range []*tracetest.Peer{slow, read, open} {
			if p.Over() {
				b.fail("the connection has ended before CloseTimeout")
			}
			b.loop.Operate(p, (*session.Session).Kick) // a second call doesn't extend the time
		}
		b.pass(1)
		b.over(slow)
		b.over(read)
		b.over(open)
	}},
	{"a silent peer is pinged, and stays open if it sends anything", func(b *bench) {
		p := b.open("/ws")
		b.pass(60 * time.Second)
		b.wantFrames(p, `ping`)
		b.phase(p, "pinged")
		b.pass(4 * time.Second)
		b.send(p, `pong`)
		b.phase(p, "open")
		b.pass(59 * time.Second)
		b.wantFrames(p, ``)
		b.pass(time.Second)
		b.wantFrames(p, `ping`)
	}},
	{"a pinged peer that stays silent is closed", func(b *bench) {
		p := b.open("/ws")
		b.pass(65 * time.Second)
		b.wantFrames(p, `ping, close 1011 "keepalive ping timeout"`)
		b.pass(5 * time.Second)
		b.over(p)
		b.goneWith(1006)
	}},
	{"a pinged peer may close, send a FIN, or reset", func(b *bench) {
		p, q, r := b.open("/ws"), b.open("/ws"), b.open("/ws")
		b.pass(60 * time.Second)
		b.send(p, `close 1000`)
		q.CloseWrite()
		r.Reset()
		b.wantFrames(p, `ping, close 1000`)
		b.wantFrames(q, `ping`)
		b.over(q)
		b.over(r)
		b.goneWith(1000, 1006, 1006)
	}},
	{"the server sends its Close first, and the peer responds", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "bye", text "ignored", ping "p"`)
		b.wantFrames(p, `close 4001 "as you wish", pong "p"`)
		b.phase(p, "closing")
		b.goneWith()
		if b.app.messages != 1 {
			b.fail("want no message after our Close, got %d messages in all", b.app.messages)
		}
		b.send(p, `close 4001`)
		b.phase(p, "linger")
		b.goneWith(4001)
	}},
	{"the server sends its Close first, and the peer violates the protocol", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "bye", 83`)
		b.wantFrames(p, `close 4001 "as you wish"`)
		b.phase(p, "linger")
	}},
	{"the server sends its Close first, and the peer sends only a FIN", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "bye"`)
		p.CloseWrite()
		b.wantFrames(p, `close 4001 "as you wish"`)
		b.over(p)
		b.goneWith(1006)
	}},
	{"the server sends its Close first, and the peer resets", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "bye"`)
		p.Reset()
		b.over(p)
		b.goneWith(1006)
	}},
	{"the server sends its Close first, and waits for the peer's until CloseTimeout", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "bye"`)
		b.pass(4 * time.Second)
		b.send(p, `text "ignored"`)
		b.pass(time.Second)
		b.phase(p, "linger")
		b.pass(5 * time.Second)
		b.over(p)
		b.goneWith(1006)
	}},
	{"CloseTimeout begins when the Close is sent, not when it is queued", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 4 binary pattern 65000, text "bye"`)
		b.pass(20 * time.Second)
		b.wantFrames(p, `repeat 4 binary pattern 65000, close 4001 "as you wish"`)
		b.phase(p, "closing")
		b.send(p, `close 4001`)
		b.phase(p, "linger")
	}},
	{"pings after our Close don't extend CloseTimeout", func(b *bench) {
		p := b.open("/ws")
		b.loop.Shutdown()
		b.wantFrames(p, `close 1001`)
		for range 2 {
			b.pass(2 * time.Second)
			b.send(p, `ping "still here"`)
			b.wantFrames(p, `pong "still here"`)
			b.phase(p, "closing")
		}
		b.pass(time.Second)
		b.phase(p, "linger")
	}},
	{"many pings of a slow reader after our Close don't extend CloseTimeout", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 3 binary pattern 65000`)
		b.loop.Shutdown()
		b.wantFrames(p, `repeat 3 binary pattern 65000, close 1001`)
		for range 6 {
			p.Stall()
			b.send(p, `repeat 20000 ping "0123456789abcdef"`)
			b.pass(time.Second)
			p.Read()
		}
		b.phase(p, "linger")
	}},
	{"a timer of the application sends a message", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `text "later"`)
		b.pass(999 * time.Millisecond)
		b.wantFrames(p, ``)
		b.pass(time.Millisecond)
		b.wantFrames(p, `text "now"`)
	}},
	{"a streamed message is delivered in pieces as they arrive", func(b *bench) {
		p := b.open("/pieces")
		b.send(p, `part text "Hel"`)
		b.wantFrames(p, `part text "Hel"`)
		b.send(p, `part cont "l"`)
		b.send(p, `cont "o"`)
		b.wantFrames(p, `part cont "l", cont "o"`)
	}},
	{"a streamed message waits for a peer that doesn't read", func(b *bench) {
		p := b.open("/pieces")
		p.Stall()
		for range 20 {
			b.send(p, `part binary pattern 60000, cont`)
		}
		b.pass(time.Second)
		b.wantFrames(p, `repeat 20 (part binary pattern 60000, cont)`)
	}},
	{"a streamed send continues when the peer reads", func(b *bench) {
		p := b.open("/feed")
		p.Stall()
		b.send(p, `text "go"`)
		b.pass(time.Second)
		b.wantFrames(p, `part binary repeat 10000 "f",
			repeat 103 (part cont repeat 10000 "f"), cont repeat 8576 "f"`)
		if b.app.full < 2 {
			b.fail("want the feed stopped by Full more than once, got %d", b.app.full)
		}
		b.phase(p, "open")
	}},
	{"a peer that stops reading a streamed send is reset", func(b *bench) {
		p := b.open("/feed")
		p.Stall()
		b.send(p, `text "go"`)
		b.pass(30 * time.Second)
		b.over(p)
		b.goneWith(1006)
	}},
	{"a reset under backpressure ends the connection, with bytes parked", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 30 binary pattern 65000`)
		b.pass(time.Second)
		p.Reset()
		b.over(p)
		b.goneWith(1006)
	}},
	{"a FIN under backpressure is handled after all input before it", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 30 binary pattern 65000, close 1000`)
		p.CloseWrite()
		b.wantFrames(p, `repeat 30 binary pattern 65000, close 1000`)
		b.over(p)
		b.goneWith(1000)
	}},
	{"a peer that doesn't read is not pinged", func(b *bench) {
		p := b.open("/feed")
		p.Stall()
		b.send(p, `text "go"`)
		for range 5 {
			b.pass(29 * time.Second)
			p.Sip(100_000)
			b.phase(p, "open")
		}
		p.Read()
		b.pass(time.Second)
		b.wantFrames(p, ``)
		b.phase(p, "open")
	}},
	{"a reset while lingering ends the connection", func(b *bench) {
		p := b.open("/ws")
		b.send(p, `close 1000`)
		b.phase(p, "linger")
		b.send(p, `repeat 100000 00`)
		p.Reset()
		b.over(p)
		b.goneWith(1000)
	}},
	{"a peer that doesn't read our Close is reset", func(b *bench) {
		p := b.open("/ws")
		p.Stall()
		b.send(p, `repeat 3 binary pattern 65000, close 1000`)
		b.phase(p, "flush")
		b.pass(30 * time.Second)
		b.over(p)
		b.goneWith(1000)
	}},
}
