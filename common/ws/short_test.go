package ws_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"threeloops/common/ws"
)

// TestShortAgreesWithNext plays random bytes, most of them frames, with and without Short: the
// events are the same.
func TestShortAgreesWithNext(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	short := 0
	for range 20_000 {
		wire := someFrames(rnd)
		limit := []int64{0, 3, 125}[rnd.IntN(3)]
		var plain, quick ws.Reader
		plain.Init(ws.Server, limit)
		quick.Init(ws.Server, limit)
		plain.Rsv1 = rnd.IntN(2) == 0
		quick.Rsv1 = plain.Rsv1
		p, q := bytes.Clone(wire), bytes.Clone(wire)
		for {
			want, n := plain.Next(p)
			var got ws.Event
			op, payload, k := quick.Short(q)
			if k > 0 {
				got = ws.Event{Kind: ws.Data, Opcode: op, First: true, Last: true, Payload: payload}
				short++
			} else {
				got, k = quick.Next(q)
			}
			if got.Kind != want.Kind || got.Opcode != want.Opcode || got.First != want.First ||
				got.Last != want.Last || got.Rsv1 != want.Rsv1 || got.Err != want.Err || k != n ||
				!bytes.Equal(got.Payload, want.Payload) {
				t.Fatalf("% x\nNext returns %+v (%d bytes)\nwith Short the result is %+v (%d bytes)",
					wire, want, n, got, k)
			}
			if want.Kind == ws.NeedMore {
				break
			}
			p, q = p[n:], q[k:]
		}
	}
	if short < 5_000 {
		t.Errorf("Short took only %d frames, so the test proves little", short)
	}
}

// someFrames makes a few frames. Most are short and legal, and the last may be cut.
func someFrames(rnd *rand.Rand) (wire []byte) {
	texts := []string{"", "a", "grüß", "\xff", "\xe4\xb8", "世界"}
	for range 1 + rnd.IntN(4) {
		h := ws.Header{Fin: rnd.IntN(8) > 0, Opcode: ws.Text, Masked: rnd.IntN(20) > 0}
		payload := []byte(texts[rnd.IntN(len(texts))])
		if rnd.IntN(3) == 0 {
			h.Opcode, payload = ws.Binary, make([]byte, 120+rnd.IntN(10))
		}
		if rnd.IntN(10) == 0 {
			h.Opcode = ws.Opcode(rnd.IntN(16))
		}
		if rnd.IntN(10) == 0 {
			h.Rsv = byte(rnd.IntN(8) << 4)
		}
		for i := range h.Key {
			h.Key[i] = byte(rnd.Uint32())
		}
		wire = ws.AppendFrame(wire, h, payload)
	}
	if rnd.IntN(3) == 0 {
		wire = wire[:rnd.IntN(len(wire)+1)]
	}
	return wire
}

func TestAppendShortIsAppendFrame(t *testing.T) {
	for n := range ws.MaxShort + 1 {
		p := bytes.Repeat([]byte{'x'}, n)
		want := ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text}, p)
		if got := ws.AppendShort(nil, ws.Text, p); !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: want % x, got % x", n, want, got)
		}
	}
}
