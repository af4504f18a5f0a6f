package session_test

import (
	"reflect"
	"testing"
	"time"

	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// A message of 16 MiB is read directly into the memory of the message, and queued again without a
// copy. At every step the session holds at most twice the bytes that have arrived + 64 KiB, which
// bench.each checks after each call.
func TestALargeMessageIsNotCopied(t *testing.T) {
	b := newBench()
	p := b.open("/ws")
	message := tracetest.FromPeer("binary pattern 16777216")
	const part = 64 << 10
	for len(message) > 0 {
		n := min(len(message), part)
		p.Write(message[:n])
		message = message[n:]
	}
	b.wantFrames(p, "binary pattern 16777216")
	report(t, b)

	runs := testing.AllocsPerRun(3, func() {
		p.Write(tracetest.FromPeer("binary repeat 1000000 61"))
		p.Read()
	})
	t.Logf("%.0f allocations for a message of a million bytes, the test's own included", runs)
}

// A peer that only announces a long message makes the session hold no memory for it.
func TestAnAnnouncedLengthAllocatesNothing(t *testing.T) {
	b := newBench()
	p := b.open("/ws")
	before := session.HeldOfInput(p.Session)
	b.send(p, "82 ff 00 00 00 00 00 ff ff ff 37 fa 21 3d")
	for range 100 {
		b.send(p, "00")
	}
	if held := session.HeldOfInput(p.Session) - before; held > 65<<10 {
		t.Errorf("want little more than 64 KiB held for 114 bytes, got %d", held)
	}
	report(t, b)
}

// Between two messages and between two requests a session holds no memory.
func TestAnIdleConnectionHoldsNothing(t *testing.T) {
	b := newBench()
	p, w := b.connect(), b.open("/ws")
	b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
	b.send(p, `pattern 200000`)
	b.send(w, `part binary pattern 100000, cont pattern 100000`)
	p.Read()
	w.Read()
	for _, idle := range []*tracetest.Peer{p, w} {
		if held := session.HeldOfInput(idle.Session); held != 0 {
			t.Errorf("phase %s: want no memory held, got %d bytes", session.PhaseOf(idle.Session), held)
		}
	}
	report(t, b)
	t.Logf("a Session is %d bytes", reflect.TypeOf(session.Session{}).Size())
}

// A session releases an incomplete request or message as soon as it refuses it.
func TestARefusedConnectionHoldsNothing(t *testing.T) {
	b := newBench()
	p, w := b.connect(), b.open("/ws")
	b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
	b.send(p, `pattern 1000`)
	b.send(w, `part binary pattern 100000, 83`)
	b.pass(60 * time.Second)
	for _, refused := range []*tracetest.Peer{p, w} {
		if held := session.HeldOfInput(refused.Session); held != 0 {
			t.Errorf("phase %s: want no memory held, got %d bytes", session.PhaseOf(refused.Session), held)
		}
	}
	report(t, b)
}

func report(t *testing.T, b *bench) {
	t.Helper()
	for _, wrong := range b.wrong {
		t.Error(wrong)
	}
	if err := b.loop.Err(); err != nil {
		t.Error(err)
	}
}
