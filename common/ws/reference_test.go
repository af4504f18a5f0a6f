package ws_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// setup is how a Reader is initialized.
type setup struct {
	role  ws.Role
	rsv1  bool
	limit int64
}

// transcript has the events of a stream in a form that doesn't depend on the cuts: the pieces of a
// message are joined.
type transcript struct {
	Says []string
	Rest int64 // Reader.Rest at the end
	Idle bool  // the Reader has the same state as before the first byte
}

func messageSays(op ws.Opcode, marked bool, payload []byte) string {
	if marked {
		return fmt.Sprintf("marked %v %q", op, payload)
	}
	return fmt.Sprintf("%v %q", op, payload)
}

func closeSays(code ws.Code, reason []byte) string { return fmt.Sprintf("close %d %q", code, reason) }

func failSays(err *ws.Error) string { return fmt.Sprintf("fails %d: %s", err.Code, err.Reason) }

// reference decodes wire slowly, in the simplest way: it reads one byte after another in the order
// of RFC 6455 5.2, and checks each rule at the byte that decides it. Its only state is the whole
// frame and the whole message so far.
type reference struct {
	setup
	wire    []byte
	frame   []byte // payload of the current frame, unmasked
	want    int    // announced length of the frame; -1 within the header; -2 between two frames
	control bool
	open    bool // a message has begun
	opcode  ws.Opcode
	marked  bool
	message []byte
	says    []string
}

type (
	outOfBytes struct{}
	closed     struct{}
)

func decodeSlowly(s setup, wire []byte) (t transcript) {
	d := &reference{setup: s, wire: wire}
	over := false
	defer func() {
		switch stop := recover().(type) {
		case outOfBytes:
		case closed:
			over = true
		case *ws.Error:
			over = true
			d.says = append(d.says, failSays(stop))
		default:
			panic(stop)
		}
		t.Says = d.says
		if over {
			return
		}
		if !d.control && d.want > 0 {
			t.Rest = int64(d.want - len(d.frame))
		}
		t.Idle = !d.open && len(d.wire) == 0 && d.want == -2
		if d.open && len(d.message) > 0 {
			t.Says = append(t.Says, "so far "+messageSays(d.opcode, d.marked, d.message))
		}
	}()
	for {
		d.next()
	}
}

func (d *reference) byte() byte {
	if len(d.wire) == 0 {
		panic(outOfBytes{})
	}
	b := d.wire[0]
	d.wire = d.wire[1:]
	d.want = max(d.want, -1)
	return b
}

func must(ok bool, err *ws.Error) {
	if !ok {
		panic(err)
	}
}

func (d *reference) next() {
	d.want, d.frame, d.control = -2, nil, false

	b := d.byte()
	fin, rsv, op := b>>7 == 1, b>>4&7, b&15
	must(op <= 2 || op >= 8 && op <= 10, ws.ErrOpcode)
	d.control = op >= 8
	must(!d.control || fin, ws.ErrControlFragmented)
	must(rsv == 0 || rsv == 4 && d.rsv1 && (op == 1 || op == 2), ws.ErrReserved)
	must(op != 0 || d.open, ws.ErrNoMessage)
	must(op == 0 || d.control || !d.open, ws.ErrMessageOpen)

	b = d.byte()
	masked, length := b>>7 == 1, uint64(b&127)
	must(masked || d.role == ws.Client, ws.ErrUnmasked)
	must(!masked || d.role == ws.Server, ws.ErrMasked)
	must(!d.control || length <= 125, ws.ErrControlLong)
	switch length {
	case 126:
		length = uint64(d.byte())<<8 | uint64(d.byte())
		must(length >= 126, ws.ErrLengthForm)
	case 127:
		length = 0
		for i := range 8 {
			length = length<<8 | uint64(d.byte())
			must(length>>(8*i+7) == 0, ws.ErrLengthSign)
			must(i < 5 || length > 0, ws.ErrLengthForm)
		}
	}
	var key [4]byte
	if masked {
		key = [4]byte{d.byte(), d.byte(), d.byte(), d.byte()}
	}
	if !d.control {
		must(d.limit == 0 || uint64(len(d.message))+length <= uint64(d.limit), ws.ErrMessageTooBig)
		if op != 0 {
			d.open, d.opcode, d.marked, d.message = true, ws.Opcode(op), rsv == 4, nil
		}
	}

	d.want = int(length)
	for i := range d.want {
		b := d.byte() ^ key[i%4]
		d.frame = append(d.frame, b)
		if !d.control {
			d.message = append(d.message, b)
			must(!d.text() || goesOn(d.message), ws.ErrInvalidPayload)
		}
	}
	if d.control {
		d.endControl(ws.Opcode(op))
	} else if fin {
		must(!d.text() || utf8.Valid(d.message), ws.ErrInvalidPayload)
		d.says = append(d.says, messageSays(d.opcode, d.marked, d.message))
		d.open, d.message = false, nil
	}
}

func (d *reference) text() bool { return d.opcode == ws.Text && !d.marked }

func (d *reference) endControl(op ws.Opcode) {
	if op != ws.Close {
		d.says = append(d.says, fmt.Sprintf("%v %q", op, d.frame))
		return
	}
	code, reason := ws.NoStatus, []byte(nil)
	if len(d.frame) > 0 {
		must(len(d.frame) > 1, ws.ErrCloseLength)
		code, reason = ws.Code(d.frame[0])<<8|ws.Code(d.frame[1]), d.frame[2:]
		known := code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006
		must(known || code >= 3000 && code <= 4999, ws.ErrCloseCode)
		must(utf8.Valid(reason), ws.ErrCloseReason)
	}
	d.says = append(d.says, closeSays(code, reason))
	panic(closed{})
}

// frame makes a frame with any first byte, also an illegal one, without the code that is tested.
func frame(first byte, key *[4]byte, payload string) string {
	p := []byte{first, 0}
	switch n := len(payload); {
	case n < 126:
		p[1] = byte(n)
	case n < 1<<16:
		p[1] = 126
		p = append(p, byte(n>>8), byte(n))
	default:
		p[1] = 127
		p = append(p, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	if key == nil {
		return string(p) + payload
	}
	p[1] |= 0x80
	p = append(p, key[:]...)
	for i := range len(payload) {
		p = append(p, payload[i]^key[i%4])
	}
	return string(p)
}

func fromClient(first byte, payload string) string { return frame(first, &rfcKey, payload) }

// conversation is a random stream of about n frames. Two of three streams are legal, so that
// readers process much of them. The others have one wrong bit.
func conversation(rnd *rand.Rand, s setup, n int) []byte {
	var wire []byte
	var open bool
	texts := []string{"", "a", "Hello", "grüß dich", "世界", "🂡🂱", "more than one word of eight bytes"}
	for range n {
		payload := texts[rnd.IntN(len(texts))]
		var first byte
		switch kind := rnd.IntN(8); {
		case kind == 0:
			first = []byte{0x89, 0x8A}[rnd.IntN(2)]
		case kind == 1 && rnd.IntN(4) == 0:
			first, payload = 0x88, "\x03\xe8"+payload
		default:
			if first = byte(1 + rnd.IntN(2)); open {
				first = 0
			} else if s.rsv1 && rnd.IntN(2) == 0 {
				first |= 0x40
			}
			if open = rnd.IntN(2) == 0; !open {
				first |= 0x80
			}
			if rnd.IntN(8) == 0 {
				payload += string(make([]byte, 100+rnd.IntN(100)))
			}
		}
		var key *[4]byte
		if s.role == ws.Server {
			key = &[4]byte{byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32()), byte(rnd.Uint32())}
		}
		wire = append(wire, frame(first, key, payload)...)
	}
	if rnd.IntN(3) == 0 {
		wire[rnd.IntN(len(wire))] ^= 1 << rnd.IntN(8)
	}
	return wire[:len(wire)-rnd.IntN(min(8, len(wire)))]
}

func setups(rnd *rand.Rand) setup {
	limits := []int64{0, 0, 1, 20, 200}
	return setup{role: rnd.IntN(2) == 0, rsv1: rnd.IntN(2) == 0, limit: limits[rnd.IntN(len(limits))]}
}

func TestReaderAgreesWithTheReference(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 20000 {
		s := setups(rnd)
		wire := conversation(rnd, s, 1+rnd.IntN(8))
		if diff := cmp.Diff(decodeSlowly(s, wire), play(t, s, wire, nil)); diff != "" {
			t.Fatalf("%+v, wire % x (-reference +reader):\n%s", s, wire, diff)
		}
	}
}

// FuzzReaderReference also compares after stop bytes, a random number. So it notices a failure that
// is reported a byte too late.
func FuzzReaderReference(f *testing.F) {
	for i := range uint64(12) {
		rnd := rand.New(rand.NewPCG(7, i))
		s := setups(rnd)
		f.Add(bool(s.role), s.rsv1, uint16(s.limit), conversation(rnd, s, 5), uint16(9*i))
	}
	f.Fuzz(func(t *testing.T, role, rsv1 bool, limit uint16, wire []byte, stop uint16) {
		s := setup{ws.Role(role), rsv1, int64(limit)}
		for _, p := range [][]byte{wire, wire[:min(len(wire), int(stop))]} {
			if diff := cmp.Diff(decodeSlowly(s, p), play(t, s, p, nil)); diff != "" {
				t.Fatalf("%+v, wire % x (-reference +reader):\n%s", s, p, diff)
			}
		}
	})
}
