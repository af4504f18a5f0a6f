package session_test

import (
	"reflect"
	"testing"
	"time"

	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// A message of 16 MiB is read straight into its place and queued back without
// a copy; at every step no more is set aside than twice what has arrived
// + 64 KiB (bench.each looks after each call).
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

// A length that is announced and doesn't come holds no memory.
func TestAnAnnouncedLengthAllocatesNothing(t *testing.T) {
	b := newBench()
	p := b.open("/ws")
	before := session.HeldOfInput(p.Session)
	b.send(p, "82 ff 00 00 00 00 00 ff ff ff 37 fa 21 3d")
	for range 100 {
		b.send(p, "00")
	}
	if held := session.HeldOfInput(p.Session) - before; held > 65<<10 {
		t.Errorf("want at most 64 KiB and a little held for 114 bytes, got %d", held)
	}
	report(t, b)
}

// Between messages and between requests nothing is held.
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
			t.Errorf("phase %s: want nothing held, got %d bytes", session.PhaseOf(idle.Session), held)
		}
	}
	report(t, b)
	t.Logf("a Session is %d bytes", reflect.TypeOf(session.Session{}).Size())
}

// What is only half there is let go as soon as it is refused.
func TestARefusedConnectionHoldsNothing(t *testing.T) {
	b := newBench()
	p, w := b.connect(), b.open("/ws")
	b.send(p, `"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"`)
	b.send(p, `pattern 1000`)
	b.send(w, `part binary pattern 100000, 83`)
	b.pass(60 * time.Second)
	for _, refused := range []*tracetest.Peer{p, w} {
		if held := session.HeldOfInput(refused.Session); held != 0 {
			t.Errorf("phase %s: want nothing held, got %d bytes", session.PhaseOf(refused.Session), held)
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
