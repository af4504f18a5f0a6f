package ws

import (
	"bytes"
	"compress/flate"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prose is n bytes of text that compresses as well as natural text does.
func prose(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("one two three four five six seven eight nine ten eleven twelve")
	var b []byte
	for len(b) < n {
		b = append(append(b, words[rng.IntN(len(words))]...), ' ')
	}
	return b[:n]
}

func noise(n int) []byte {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// The payloads are the examples of RFC 7692 7.2.3.
func TestInflateTheExamplesOfTheRFC(t *testing.T) {
	for _, c := range []struct{ about, payload, want string }{
		{"7.2.3.1: one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
		{"7.2.3.3: a block without compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
		{"7.2.3.4: a final block", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
		{"7.2.3.5: two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
		{"7.2.3.6: an empty message", "\x00", ""},
	} {
		var z Inflater
		got, err := z.Append([]byte("before "), nil, true, 0, []byte(c.payload))
		if err != nil || string(got) != "before "+c.want {
			t.Errorf("%s: want %q appended, got %q, %v", c.about, c.want, got, err)
		}
	}
}

// RFC 7692 7.2.3.2 sends "Hello" twice on a connection that keeps a window.
func TestAMessageMayReferToTheWindowOnly(t *testing.T) {
	var z Inflater
	var w, other Window
	hello, again := []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), []byte("\xf2\x00\x11\x00\x00")
	for _, payload := range [][]byte{hello, again, again} {
		if got, err := z.Append(nil, &w, true, 0, payload); string(got) != "Hello" {
			t.Errorf("want Hello, got %q, %v", got, err)
		}
	}
	for about, w := range map[string]*Window{"another connection": &other, "a connection without a window": nil} {
		if got, err := z.Append(nil, w, true, 0, again); err != ErrDeflate {
			t.Errorf("%s: want ErrDeflate for the reference, got %q, %v", about, got, err)
		}
	}
}

// A window holds exactly the last 32 KiB, in whatever pieces they arrived.
func TestTheWindowHoldsTheLast32KiB(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var w Window
		var all []byte
		for len(all) < 100_000 {
			p := noise(rng.IntN(1 << rng.IntN(17)))
			w.slide(p)
			all = append(all, p...)
			if want := all[max(0, len(all)-32<<10):]; !bytes.Equal(want, w.p) {
				t.Fatalf("after %d bytes, want their last %d, got %d bytes", len(all), len(want), len(w.p))
			}
			if cap(w.p) > 32<<10 {
				t.Fatalf("the window takes %d bytes of memory, want at most 32 KiB", cap(w.p))
			}
		}
	}
}

// A client with takeover compresses all its messages as one stream.
func TestMessagesOfOneStream(t *testing.T) {
	var z Inflater
	var w Window
	var b bytes.Buffer
	sender, _ := flate.NewWriter(&b, flate.BestCompression)
	for i, n := range []int{5, 0, 100, 40_000, 5, 200_000, 1, 33_000, 70, 70} {
		b.Reset()
		message := prose(n)
		sender.Write(message)
		sender.Flush()
		payload := bytes.TrimSuffix(b.Bytes(), []byte(flushed))
		if got, err := z.Append(nil, &w, true, int64(n), payload); err != nil || !bytes.Equal(got, message) {
			t.Fatalf("message %d: want its %d bytes, got %d, %v", i, n, len(got), err)
		}
	}
}

func TestInvalidDeflateStreamsAreRefused(t *testing.T) {
	bomb, _ := new(Deflater).Append(nil, false, make([]byte, 1<<20))
	for _, c := range []struct {
		about   string
		payload []byte
		limit   int64
		want    *Error
	}{
		{"a block of reserved type", []byte{0x06, 0x00}, 0, ErrDeflate},
		{"a stored block with a wrong length", []byte("\x00\x05\x00\x00\x00Hello\x00"), 0, ErrDeflate},
		{"a block that is cut", []byte{0xf2, 0x48, 0xcd}, 0, ErrDeflate},
		{"a message without its last byte", []byte{0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07}, 0, ErrDeflate},
		{"bytes after a final block", []byte{0x03, 0x00, 0xff}, 0, ErrDeflate},
		{"one byte more than the limit", bomb, 1<<20 - 1, ErrMessageTooBig},
		{"a bomb", bomb, 1, ErrMessageTooBig},
		{"text that is not UTF-8", []byte("\x00\x01\x00\xfe\xff\xff\x00"), 0, ErrInvalidPayload},
		{"text that ends inside a character", []byte("\x00\x01\x00\xfe\xff\xc3\x00"), 0, ErrInvalidPayload},
		{"257 final blocks", append(bytes.Repeat([]byte{0x03, 0x00}, 257), 0), 0, ErrDeflateFinal},
	} {
		var z Inflater
		dst := make([]byte, 3, 100)
		got, err := z.Append(dst, nil, true, c.limit, c.payload)
		if err != c.want || len(got) != 3 {
			t.Errorf("%s: want %v and no bytes appended, got %v and %d bytes", c.about, c.want, err, len(got)-3)
		}
		if got, err := z.Append(nil, nil, true, 0, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00")); string(got) != "Hello" {
			t.Errorf("%s: want the next message to be inflated, got %q, %v", c.about, got, err)
		}
	}
	if _, err := new(Inflater).Append(nil, nil, true, 1<<20, bomb); err != nil {
		t.Errorf("a message as large as the limit: want no error, got %v", err)
	}
}

// A decompression bomb is stopped while it is inflated, so it takes only a few times the limit.
func TestADecompressionBombTakesNoMemory(t *testing.T) {
	bomb, _ := new(Deflater).Append(nil, false, make([]byte, 64<<20))
	const limit = 1 << 16
	var z Inflater
	z.Append(nil, nil, false, limit, bomb)
	taken := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			z.Append(nil, nil, false, limit, bomb)
		}
	}).AllocedBytesPerOp()
	if taken > 4*limit {
		t.Errorf("a bomb of %d bytes took %d bytes of memory, want at most four times the limit of %d",
			len(bomb), taken, limit)
	}
}

// The compressed bytes depend neither on how the message is divided into buffers, nor on the
// messages before it.
func TestCuttingDoesNotChangeWhatIsCompressed(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var z Deflater
	for _, huffman := range []bool{false, true} {
		for _, message := range [][]byte{prose(64), prose(5000), prose(300_000), make([]byte, 200_000)} {
			want, ok := new(Deflater).Append(nil, huffman, message)
			if !ok {
				t.Fatalf("a message of %d bytes isn't compressed", len(message))
			}
			for range 10 {
				var buffers [][]byte
				for rest := message; len(rest) > 0; {
					n := min(len(rest), rng.IntN(70_000))
					buffers, rest = append(buffers, rest[:n]), rest[n:]
				}
				if got, _ := z.Append(nil, huffman, buffers...); !bytes.Equal(want, got) {
					t.Errorf("%d bytes in %d buffers: want the same result as for one buffer", len(message), len(buffers))
				}
			}
		}
	}
}

// HuffmanOnly keeps to RFC 7692 7.1.2.1: without references every letter takes at least a bit.
func TestHuffmanOnlyRefersToNothing(t *testing.T) {
	const n = 80_000
	message := bytes.Repeat([]byte("a"), n)
	small, _ := new(Deflater).Append(nil, false, message)
	large, _ := new(Deflater).Append(nil, true, message)
	if len(small) > n/100 || len(large) < n/8 {
		t.Errorf("%d letters: want fewer than %d bytes with references and more than %d without, got %d and %d",
			n, n/100, n/8, len(small), len(large))
	}
}

// A message that would not become smaller is not compressed, and nothing is appended.
func TestNoiseIsNotCompressed(t *testing.T) {
	var z Deflater
	for _, n := range []int{0, 1, 5, 64, 70_000} {
		if got, ok := z.Append([]byte("before"), false, noise(n)); ok || string(got) != "before" {
			t.Errorf("%d bytes of noise: want no compression, got %d bytes, %v", n, len(got), ok)
		}
	}
	if got, ok := z.Append(nil, false, prose(1000)); !ok || len(got) > 500 {
		t.Errorf("text after noise: want it compressed, got %d bytes, %v", len(got), ok)
	}
}

func TestCompressingASmallMessageAllocatesNothing(t *testing.T) {
	var in Inflater
	var out Deflater
	var w Window
	message, packed, plain := prose(500), make([]byte, 0, 1024), make([]byte, 0, 1024)
	n := testing.AllocsPerRun(1000, func() {
		payload, _ := out.Append(packed, false, message)
		if _, err := in.Append(plain, &w, true, 1000, payload); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("want no allocations, got %.1f", n)
	}
}

// Anything is taken back as it was, in both ways to compress it, cut in two, with a limit of its
// own size.
func FuzzDeflateRoundTrip(f *testing.F) {
	f.Add([]byte("Hello"), 2)
	f.Add(prose(1000), 999)
	f.Add(noise(300), 0)
	f.Add([]byte{}, 0)
	var in Inflater
	var out Deflater
	f.Fuzz(func(t *testing.T, message []byte, cut int) {
		for _, huffman := range []bool{false, true} {
			payload, ok := out.Append(nil, huffman, message)
			if !ok {
				continue
			}
			if len(payload) >= len(message) {
				t.Errorf("want fewer than %d bytes, got %d", len(message), len(payload))
			}
			cut := min(max(0, cut), len(payload))
			got, err := in.Append(nil, nil, false, int64(len(message)), payload[:cut], payload[cut:])
			if err != nil || !bytes.Equal(message, got) {
				t.Errorf("want % x inflated from % x, got % x, %v", message, payload, got, err)
			}
		}
	})
}

// Whatever comes, no more than the limit is inflated; where the payload lies doesn't matter; and
// what package flate makes of it as one stream is what comes out.
func FuzzInflate(f *testing.F) {
	for _, s := range []string{
		"\xf2\x48\xcd\xc9\xc9\x07\x00", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
		"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
	} {
		f.Add([]byte(s), int64(5), 3)
	}
	f.Add([]byte("0\xfa\x00\x05\xff"), int64(73), 0) // a block that is longer than the payload
	bomb, _ := new(Deflater).Append(nil, false, make([]byte, 1<<20))
	f.Add(bomb, int64(1000), 3)
	var z Inflater
	f.Fuzz(func(t *testing.T, payload []byte, limit int64, cut int) {
		limit, cut = 1+limit&0xFFFFF, min(max(0, cut), len(payload))
		var w Window
		got, err := z.Append(nil, nil, false, limit, payload)
		again, err2 := z.Append(make([]byte, 0, 7), &w, false, limit, payload[:cut], payload[cut:])
		if err != err2 || !bytes.Equal(got, again) {
			t.Errorf("one buffer gives %d bytes, %v, two give %d bytes, %v; want the same",
				len(got), err, len(again), err2)
		}
		if int64(len(got)) > limit {
			t.Errorf("want no more than %d bytes, got %d", limit, len(got))
		}
		if err == nil && !bytes.Equal(w.p, got[max(0, len(got)-windowSize):]) {
			t.Error("the window isn't the end of the message")
		}
		if len(payload) == 0 {
			return
		}
		in := bytes.NewReader(append(bytes.Clone(payload), deflateEnd...))
		want, wrong := io.ReadAll(io.LimitReader(flate.NewReader(in), limit+1))
		if wrong == nil && in.Len() == 0 && int64(len(want)) <= limit {
			if diff := cmp.Diff(want, got); err != nil || !bytes.Equal(want, got) {
				t.Errorf("want the result of package flate, got %v (-want +got):\n%s", err, diff)
			}
		}
	})
}

func BenchmarkInflate(b *testing.B) { benchmarkDeflate(b, true) }
func BenchmarkDeflate(b *testing.B) { benchmarkDeflate(b, false) }

func benchmarkDeflate(b *testing.B, inflate bool) {
	for _, c := range []struct {
		name string
		n    int
	}{{"64", 64}, {"1KiB", 1 << 10}, {"64KiB", 1 << 16}, {"1MiB", 1 << 20}} {
		b.Run(c.name, func(b *testing.B) {
			var in Inflater
			var out Deflater
			message := prose(c.n)
			payload, _ := out.Append(nil, false, message)
			packed, plain := make([]byte, 0, c.n), make([]byte, 0, c.n+1)
			b.SetBytes(int64(c.n))
			b.ReportAllocs()
			for b.Loop() {
				if inflate {
					in.Append(plain, nil, true, int64(c.n), payload)
				} else {
					out.Append(packed, false, message)
				}
			}
		})
	}
}

// A message of blocks without output, such as code tables, would keep package flate from returning.
func TestDataWithoutOutputIsRefused(t *testing.T) {
	block := []byte{0x00, 0x00, 0x00, 0xff, 0xff}                                // an empty block without compression
	blocks := func(n int) []byte { return append(bytes.Repeat(block, n), 0x00) } // RFC 7692 7.2.1 cuts off the last
	var z Inflater
	if _, err := z.Append(nil, nil, false, 0, blocks(maxBarren/len(block)-10)); err != nil {
		t.Errorf("a little less than %d bytes without output: want no error, got %v", maxBarren, err)
	}
	if _, err := z.Append(nil, nil, false, 0, blocks(maxBarren/len(block)+10)); err != ErrDeflate {
		t.Errorf("a little more than %d bytes without output: want ErrDeflate, got %v", maxBarren, err)
	}
}

// Inflating in steps gives the same result as inflating in one call, also after the message was
// moved.
func TestStepsInflateTheWholeMessage(t *testing.T) {
	text := bytes.Repeat([]byte("inflated in many steps, "), 20_000)
	var d Deflater
	packed, _ := d.Append(nil, false, text)
	for _, own := range []bool{false, true} {
		var z Inflater
		lent := bytes.Clone(packed)
		z.Begin(nil, nil, true, 0, lent)
		steps := 0
		for {
			done, err := z.Step(10_000)
			if err != nil {
				t.Fatal(err)
			}
			if done {
				break
			}
			if steps++; steps == 3 && own {
				z.Move(bytes.Clone(z.Out()), bytes.Clone(packed))
				clear(lent)
			}
		}
		if out := z.End(); !bytes.Equal(out, text) || steps < 10 {
			t.Errorf("moved %t: want the message in at least 10 steps, got %d bytes in %d steps", own, len(out), steps)
		}
	}
}
