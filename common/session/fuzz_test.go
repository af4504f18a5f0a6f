package session_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"threeloops/common/tracetest"
)

// FuzzSession feeds any bytes in any pieces to a session whose peer reads any amounts, with or
// without time between the pieces. tracetest.Loop checks its invariants. If no time passes, the
// output must be the same as for the same bytes in one piece.
func FuzzSession(f *testing.F) {
	for _, items := range []string{
		`get /hello, get /file, get /short`,
		`repeat 40 get /hello, "GET /hello HTTP/1.0\r\n\r\n"`,
		`"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" get /poll`,
		`"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" pattern 70000`,
		`handshake /ws text "Hello", ping "x", part binary 00, cont 01, close 1000, text "late"`,
		`handshake /ws binary pattern 70000, text "bye", text "x", close 1000 "y"`,
		`handshake /feed text "go", ping "x", text "go"`,
		`handshake /ws 81 fe`,
		hixie75 + ` 00 "Hello" ff 01 "x" ff 80 03 "xyz" 00 "bye" ff`,
		hixie76 + ` "^n:ds[4U" 00 "Hello" ff 00 pattern 3000 ff ff 00 00 "late" ff`,
		early + ` text "Hello", close 1004`,
	} {
		for seed := range uint64(4) {
			f.Add(tracetest.FromPeer(items), seed)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, seed uint64) {
		if len(input) > 1<<20 {
			return
		}
		timeless := seed%2 == 0
		want := fuzzed(t, input, nil, false)
		got := fuzzed(t, input, rand.New(rand.NewPCG(seed, 0)), !timeless)
		if timeless && !bytes.Equal(want, got) {
			t.Errorf("the input in pieces gives another output\nwhole  %.300q\npieces %.300q", want, got)
		}
	})
}

// fuzzed feeds input, in random pieces if rng isn't nil, ends the connection, and returns the
// output.
func fuzzed(t *testing.T, input []byte, rng *rand.Rand, ticks bool) (answer []byte) {
	b := newBench()
	b.cfg.Legacy = true
	b.loop.Rand = rng
	p := b.connect()
	for len(input) > 0 {
		n := len(input)
		if rng != nil {
			n = 1 + rng.IntN(n)
			disturb(b, p, rng, ticks, &answer)
		}
		p.Write(input[:n])
		input = input[n:]
	}
	answer = append(answer, p.Read()...)
	p.CloseWrite()
	b.pass(time.Hour)
	answer = append(answer, p.Read()...)
	b.pass(time.Hour)
	b.over(p)
	for i, file := range b.app.files {
		if file.closed != 1 {
			t.Errorf("file %d was closed %d times, want once", i, file.closed)
		}
	}
	report(t, b)
	return answer
}

// disturb lets a random event happen between two writes.
func disturb(b *bench, p *tracetest.Peer, rng *rand.Rand, ticks bool, answer *[]byte) {
	switch rng.IntN(6) {
	case 0:
		p.Stall()
	case 1:
		*answer = append(*answer, p.Read()...)
	case 2:
		if ticks {
			b.pass(time.Duration(rng.IntN(40_000)) * time.Millisecond)
		}
	case 3:
		if ticks && rng.IntN(20) == 0 {
			b.loop.Shutdown()
		}
	}
}
