package ws_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// play feeds wire to a new Reader in pieces of the sizes in cuts, and the rest in one piece.
func play(t testing.TB, s setup, wire []byte, cuts []byte) (got transcript) {
	t.Helper()
	var r, fresh ws.Reader
	r.Init(s.role, s.limit)
	r.Rsv1 = s.rsv1
	fresh = r
	got.Says = drive(t, r.Next, wire, cuts)
	got.Rest = r.Rest()
	got.Idle = r == fresh
	return got
}

// drive feeds wire to next, a reader's method, in pieces of the sizes in cuts, and the rest in one
// piece. It also checks what must be true of each event.
func drive(t testing.TB, next func([]byte) (ws.Event, int), wire, cuts []byte) []string {
	t.Helper()
	var l listener
	for at := 0; at < len(wire); {
		n := len(wire) - at
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])), cuts[1:]
		}
		p := slices.Clip(bytes.Clone(wire[at : at+n]))
		at += n
		for more := true; more; {
			ev, n := next(p)
			more = ev.Kind != ws.NeedMore
			if n > len(p) || n == 0 && more || n < len(p) && !more {
				t.Fatalf("Next returned %v and took %d of %d bytes", ev.Kind, n, len(p))
			}
			p = p[n:]
			l.hear(t, ev)
		}
	}
	if l.open && !l.over && len(l.message) > 0 {
		l.says = append(l.says, "so far "+messageSays(l.begin.Opcode, l.begin.Rsv1, l.message))
	}
	return l.says
}

// listener records the events of a reader.
type listener struct {
	says       []string
	begin      ws.Event // the first event of the current message
	message    []byte
	open, over bool
}

func (l *listener) hear(t testing.TB, ev ws.Event) {
	t.Helper()
	if l.over && ev.Kind != ws.NeedMore {
		t.Fatalf("the reader returned %v after the end", ev.Kind)
	}
	switch ev.Kind {
	case ws.NeedMore:
		if diff := cmp.Diff(ws.Event{}, ev); diff != "" {
			t.Fatalf("NeedMore has other fields set (-want +got):\n%s", diff)
		}
	case ws.Data:
		l.piece(t, ev)
	case ws.PingFrame:
		l.says = append(l.says, fmt.Sprintf("ping %q", ev.Payload))
	case ws.PongFrame:
		l.says = append(l.says, fmt.Sprintf("pong %q", ev.Payload))
	case ws.CloseFrame:
		l.over = true
		l.says = append(l.says, closeSays(ev.Code, ev.Payload))
	case ws.Failed:
		l.over = true
		if ev.Code != ev.Err.Code {
			t.Fatalf("Failed has code %d, want that of its error %v", ev.Code, ev.Err)
		}
		l.says = append(l.says, failSays(ev.Err))
	}
}

func (l *listener) piece(t testing.TB, ev ws.Event) {
	t.Helper()
	if ev.First == l.open {
		t.Fatalf("a piece has First %t, but a message has begun: %t", ev.First, l.open)
	}
	if ev.First {
		l.begin, l.message = ev, nil
	}
	if ev.Opcode != l.begin.Opcode || ev.Rsv1 != l.begin.Rsv1 {
		t.Fatalf("a piece has opcode %v and RSV1 %t, but its message has %v and %t",
			ev.Opcode, ev.Rsv1, l.begin.Opcode, l.begin.Rsv1)
	}
	if len(ev.Payload) == 0 && !ev.First && !ev.Last {
		t.Fatal("a piece in the middle of a message is empty")
	}
	l.message = append(l.message, ev.Payload...)
	if l.open = !ev.Last; ev.Last {
		l.says = append(l.says, messageSays(ev.Opcode, ev.Rsv1, l.message))
	}
}

// someCuts returns the sizes of pieces. Most are small, and some are 0.
func someCuts(rnd *rand.Rand, n int) []byte {
	cuts := make([]byte, rnd.IntN(min(n, 60)+1))
	most := 1 + rnd.IntN(20)
	for i := range cuts {
		cuts[i] = byte(rnd.IntN(most + 1))
	}
	return cuts
}

func TestCuttingNeverChangesMeaning(t *testing.T) {
	rnd := rand.New(rand.NewPCG(10, 11))
	for range 20000 {
		s := setups(rnd)
		wire := conversation(rnd, s, 1+rnd.IntN(8))
		cuts := someCuts(rnd, len(wire))
		if diff := cmp.Diff(play(t, s, wire, nil), play(t, s, wire, cuts)); diff != "" {
			t.Fatalf("%+v, wire % x cut by %v (-whole +cut):\n%s", s, wire, cuts, diff)
		}
	}
}

func FuzzReaderSplit(f *testing.F) {
	for i := range uint64(12) {
		rnd := rand.New(rand.NewPCG(12, i))
		s := setups(rnd)
		f.Add(bool(s.role), s.rsv1, uint16(s.limit), conversation(rnd, s, 5), someCuts(rnd, 60))
	}
	f.Fuzz(func(t *testing.T, role, rsv1 bool, limit uint16, wire, cuts []byte) {
		s := setup{ws.Role(role), rsv1, int64(limit)}
		if diff := cmp.Diff(play(t, s, wire, nil), play(t, s, wire, cuts)); diff != "" {
			t.Fatalf("%+v, wire % x cut by %v (-whole +cut):\n%s", s, wire, cuts, diff)
		}
	})
}

func TestAFrameThatLiesWholeInTheInputIsOneEventInPlace(t *testing.T) {
	for _, first := range []byte{0x81, 0x01, 0x82, 0x89, 0x8a, 0x88} {
		for _, size := range []int{0, 5, 64, 125, 126, 70000} {
			if first&8 != 0 && size > 125 {
				continue
			}
			payload := strings.Repeat("x", size)
			if first == 0x88 && size > 1 {
				payload = "\x03\xe8" + payload[2:]
			}
			p := []byte(fromClient(first, payload))
			head := len(p) - len(payload)
			behind := "next frame"
			p = append(p, behind...)
			before := bytes.Clone(p[:head])
			var r ws.Reader
			ev, n := r.Next(p)
			if n != len(p)-len(behind) {
				t.Errorf("%x with %d bytes: Next took %d bytes, want %d", first, size, n, len(p)-len(behind))
			}
			if got := string(p[head:n]); got != payload {
				t.Errorf("%x with %d bytes: the payload in p is not unmasked", first, size)
			}
			if !bytes.Equal(before, p[:head]) || string(p[n:]) != behind {
				t.Errorf("%x with %d bytes: Next has changed bytes that are not payload", first, size)
			}
			if k := len(ev.Payload); k > 0 && &ev.Payload[0] != &p[n-k] {
				t.Errorf("%x with %d bytes: the payload was copied", first, size)
			}
		}
	}
}

func TestRestCountsDownADataFrame(t *testing.T) {
	var r ws.Reader
	step := func(p string, want int64) {
		t.Helper()
		r.Next([]byte(p))
		if got := r.Rest(); got != want {
			t.Errorf("after % x: Rest is %d, want %d", p, got, want)
		}
	}
	text := fromClient(0x81, "Hello")
	step(text[:5], 0) // the header is incomplete
	step(text[5:6], 5)
	step(text[6:7], 4)
	step(text[7:10], 1)
	step(text[10:], 0)
	ping := fromClient(0x89, "Hello")
	step(ping[:6], 0)
	step(ping[6:8], 0)
	step(ping[8:], 0)
	step(fromClient(0x02, "ab"), 0) // between fragments
	step("\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xffkey!", 1<<63-1)
}

func TestRestIsZeroAfterTheLastFrame(t *testing.T) {
	var r ws.Reader
	ev, _ := r.Next([]byte(fromClient(0x81, "\xffHello")[:8]))
	if ev.Err != ws.ErrInvalidPayload || r.Rest() != 0 {
		t.Errorf("got %v, and Rest is %d; want Failed and 0", ev.Kind, r.Rest())
	}
}

func TestInitForgetsTheLastConnection(t *testing.T) {
	cut := fromClient(0x89, "ping")[:8]
	for _, last := range []string{"\x01", fromClient(0x01, "a\xc3"), cut, "\xff", fromClient(0x88, "")} {
		r := ws.Reader{Rsv1: true}
		for p := []byte(last); len(p) > 0; {
			_, n := r.Next(p)
			p = p[n:]
		}
		var fresh ws.Reader
		r.Init(ws.Client, 5)
		fresh.Init(ws.Client, 5)
		if r != fresh || r.Rsv1 {
			t.Errorf("after % x: want a Reader without old state, got %+v", last, r)
		}
	}
}

func TestACutControlFrameIsKeptByItsEvent(t *testing.T) {
	var r ws.Reader
	var kept []ws.Event
	for _, text := range []string{"first", "other"} {
		wire := []byte(fromClient(0x89, text))
		r.Next(wire[:8])
		ev, _ := r.Next(wire[8:])
		kept = append(kept, ev)
	}
	if got := string(kept[0].Payload); got != "first" {
		t.Errorf("the first Ping's payload is %q after the second Ping, want %q", got, "first")
	}
}

// Each connection has a Reader, also an idle one.
func TestAReaderIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(ws.Reader{}); size > 56 {
		t.Errorf("a Reader has %d bytes, want at most 56", size)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	wire := []byte(fromClient(0x81, strings.Repeat("grüß dich", 7)) + fromClient(0x89, "ping") +
		fromClient(0x02, "frag") + fromClient(0x80, "ment"))
	long := []byte(fromClient(0x82, strings.Repeat("x", 1000)))
	p := make([]byte, 2000)
	out := make([]byte, 0, 2000)
	key := []byte("dGhlIHNhbXBsZSBub25jZQ==")
	ping := []byte(fromClient(0x89, "ping"))
	bad := []byte(fromClient(0x88, "\x03"))
	var r ws.Reader
	drain := func(p []byte) {
		for {
			ev, n := r.Next(p)
			out = ws.AppendFrame(out[:0], ws.Header{Fin: true, Opcode: ev.Opcode}, ev.Payload)
			if p = p[n:]; ev.Kind == ws.NeedMore {
				return
			}
		}
	}
	for _, c := range []struct {
		title string
		f     func()
	}{
		{"whole frames", func() { drain(p[:copy(p, wire)]) }},
		{"a cut data frame", func() {
			n := copy(p, long)
			drain(p[:3])
			drain(p[3:500])
			drain(p[500:n])
		}},
		{"a control frame cut in its header", func() {
			n := copy(p, ping)
			drain(p[:5])
			drain(p[5:n])
		}},
		{"a failure", func() {
			r.Init(ws.Server, 0)
			drain(p[:copy(p, bad)])
			r.Init(ws.Server, 0)
		}},
		{"a Close payload", func() { out = ws.AppendClose(out[:0], ws.GoingAway, "shutting down") }},
		{"a handshake", func() {
			if ws.ValidKey(key) {
				out = ws.AppendAccept(out[:0], key)
			}
		}},
	} {
		if n := testing.AllocsPerRun(100, c.f); n != 0 {
			t.Errorf("%s: %v allocations, want none", c.title, n)
		}
	}
}

func TestErrorsAndKindsHaveNames(t *testing.T) {
	if got, want := ws.ErrOpcode.Error(), "websocket: reserved opcode (1002)"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	var names []string
	for k := range ws.Failed + 2 {
		names = append(names, k.String())
	}
	want := []string{"need more", "data", "ping frame", "pong frame", "close frame", "failed", "kind 6"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}
