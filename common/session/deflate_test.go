package session_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
)

const offer = `offer /ws "permessage-deflate"`

var deflateScenarios = []scenario{
	{"the application gets a compressed message inflated", func(b *bench) {
		p := b.openDeflate()
		b.send(p, `marked text deflate "Hello", text "Hello", marked binary 00`)
		b.wantFrames(p, `text "Hello", text "Hello", binary`)
		if b.app.messages != 3 || b.stats.Get(stat.MessagesIn) != 3 {
			b.fail("want 3 messages, got %d, and %d counted", b.app.messages, b.stats.Get(stat.MessagesIn))
		}
	}},
	{"a message that can't be inflated is a violation and isn't delivered", func(b *bench) {
		p := b.openDeflate()
		b.send(p, `marked text ff, text "late"`)
		b.wantFrames(p, `close 1007`)
		b.phase(p, "linger")
		b.goneWith(1006)
		counted, violations := b.stats.Get(stat.MessagesIn), b.stats.Get(stat.Violations)
		if b.app.messages != 0 || counted != 0 || violations != 1 {
			b.fail("want one violation, got %d messages, %d counted, %d violations",
				b.app.messages, counted, violations)
		}
	}},
	{"a message sent in pieces is not compressed", func(b *bench) {
		p := b.connect()
		b.send(p, `offer /feed "permessage-deflate", marked text deflate "go"`)
		for range 20 {
			if bytes.Contains(p.Read(), []byte{0xc2}) {
				b.fail("want no frame with RSV1")
			}
		}
	}},
	{"two connections don't share a window", func(b *bench) {
		b.cfg.Compress = session.DeflateTakeover
		p, q := b.openDeflate(), b.openDeflate()
		b.send(p, `marked text f2 48 cd c9 c9 07 00`)
		b.send(q, `marked text 00`)
		b.send(p, `marked text f2 00 11 00 00`)
		b.wantFrames(p, `text "Hello", text "Hello"`)
		b.send(q, `marked text f2 00 11 00 00`)
		b.wantFrames(q, `text, close 1007`)
	}},
}

// openDeflate returns a peer whose WebSocket is open and has negotiated compression.
func (b *bench) openDeflate() *tracetest.Peer {
	p := b.connect()
	b.send(p, offer)
	b.want(p, "101 Switching", "permessage-deflate")
	return p
}

// Between compressed messages a connection holds no memory except the window for takeover. It holds
// the window only while the WebSocket is open.
func TestAnIdleCompressedConnectionHoldsItsWindowAlone(t *testing.T) {
	for compress, most := range map[session.Compress]int64{
		session.DeflateOn: 0, session.DeflateTakeover: 32 << 10,
	} {
		b := newBench()
		b.cfg.Compress = compress
		p := b.openDeflate()
		b.send(p, `marked binary deflate pattern 300000, marked part text deflate pattern 500, cont`)
		p.Read()
		if held := session.HeldOfInput(p.Session); held != most {
			t.Errorf("compress %s: want at most %d bytes held, got %d", compress, most, held)
		}
		b.send(p, `close`)
		p.Read()
		if held := session.HeldOfInput(p.Session); held != 0 {
			t.Errorf("compress %s: want no memory held after the Close, got %d bytes", compress, held)
		}
		report(t, b)
	}
}

// If an application takes a large message, later messages don't overwrite it.
func TestATakenMessageBelongsToTheApplication(t *testing.T) {
	b := newBench()
	p := b.openDeflate()
	p.Stall()
	var want []byte
	for range 3 {
		b.send(p, `marked binary deflate deflate pattern 300000, marked binary deflate deflate repeat 9000 pattern 900`)
		want = append(want, tracetest.FromServer(`binary deflate pattern 300000`)...)
	}
	got := p.Read()
	for i := range 3 {
		if n := len(want) / 3; !bytes.Contains(got, want[i*n:(i+1)*n]) {
			t.Errorf("message %d has changed", i)
		}
	}
	report(t, b)
}

func TestAnEchoedMessageAllocatesNothingWhereCompressed(t *testing.T) {
	for _, items := range []string{
		`marked text deflate "Hello"`, `marked text deflate repeat 100 "Hello "`, `text repeat 100 "Hello "`,
		`text pattern 60`,
	} {
		d := newDriver(new(testApp))
		d.exchange(tracetest.FromPeer(offer))
		message := tracetest.FromPeer(items)
		n := testing.AllocsPerRun(1000, func() {
			if sent := d.exchange(message); sent < 7 || sent > 100 {
				t.Fatalf("%s: want an echo, got %d bytes", items, sent)
			}
		})
		if n != 0 {
			t.Errorf("%s: want no allocations, got %.1f", items, n)
		}
	}
}

// FuzzCompressed sends any frames to a connection with compression, cut and whole. The output must
// be the same, and tracetest.Loop checks its invariants.
func FuzzCompressed(f *testing.F) {
	for _, items := range []string{
		`marked text f2 48 cd c9 c9 07 00, marked text f2 00 11 00 00, close`,
		`marked part text f2 48, ping, cont cd c9 c9 07 00, text "a", marked binary 00, marked text`,
		`marked binary deflate pattern 3000, marked binary deflate repeat 70000 "a", binary pattern 300`,
		`marked text deflate "a\xff"`, `marked text f3 48 cd c9 c9 07 00 00, marked cont 00`,
	} {
		for seed := range uint64(2) {
			f.Add(tracetest.FromPeer(items), seed)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		if len(input) > 1<<16 {
			return
		}
		compress := session.DeflateOn + session.Compress(seed%2)
		want := compressed(t, input, compress, nil)
		if got := compressed(t, input, compress, rand.New(rand.NewPCG(seed, 0))); !bytes.Equal(want, got) {
			t.Errorf("the input in pieces gives another output\nwhole  %.300q\npieces %.300q", want, got)
		}
	})
}

// compressed feeds input, in random pieces if rng isn't nil, and returns the output.
func compressed(t *testing.T, input []byte, compress session.Compress, rng *rand.Rand) []byte {
	b := newBench()
	b.cfg.Compress, b.cfg.MaxMessage = compress, 100_000
	b.loop.Rand = rng
	p := b.openDeflate()
	for len(input) > 0 {
		n := len(input)
		if rng != nil {
			n = 1 + rng.IntN(n)
		}
		p.Write(input[:n])
		input = input[n:]
	}
	answer := p.Read()
	p.CloseWrite()
	answer = append(answer, p.Read()...)
	b.pass(time.Hour)
	b.over(p)
	report(t, b)
	return answer
}

func BenchmarkCompressedEcho(b *testing.B) {
	for _, c := range []struct{ name, items string }{
		{"5", `marked text deflate "Hello"`},
		{"64", `marked text deflate pattern 64`},
		{"1KiB", `marked text deflate pattern 1024`},
		{"1KiB plain", `text pattern 1024`},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := newDriver(new(testApp))
			if c.name == "1KiB plain" {
				d.exchange(tracetest.FromPeer(`handshake /ws`))
			} else {
				d.exchange(tracetest.FromPeer(offer))
			}
			message := tracetest.FromPeer(c.items)
			b.ReportAllocs()
			for b.Loop() {
				d.exchange(message)
			}
		})
	}
}
