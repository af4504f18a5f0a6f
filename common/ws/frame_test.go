package ws_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// unhex turns "81 05 48" into bytes.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("bad hex in a test: %v", err)
	}
	return p
}

var rfcKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// headers has the bytes of each form of a header. The first ones are the examples of RFC 6455 5.7.
var headers = []struct {
	title string
	wire  string
	h     ws.Header
}{
	{"a single-frame unmasked text message", "81 05", ws.Header{Fin: true, Opcode: ws.Text, Length: 5}},
	{"a single-frame masked text message", "81 85 37fa213d",
		ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Key: rfcKey, Length: 5}},
	{"the first fragment of a text message", "01 03", ws.Header{Opcode: ws.Text, Length: 3}},
	{"the last fragment of a message", "80 02", ws.Header{Fin: true, Length: 2}},
	{"an unmasked ping", "89 05", ws.Header{Fin: true, Opcode: ws.Ping, Length: 5}},
	{"a masked pong", "8a 85 37fa213d",
		ws.Header{Fin: true, Opcode: ws.Pong, Masked: true, Key: rfcKey, Length: 5}},
	{"256 bytes of binary", "82 7e 0100", ws.Header{Fin: true, Opcode: ws.Binary, Length: 256}},
	{"64 KiB of binary", "82 7f 0000000000010000", ws.Header{Fin: true, Opcode: ws.Binary, Length: 1 << 16}},

	{"an empty fragment in the middle", "00 00", ws.Header{}},
	{"the longest 7-bit length", "82 7d", ws.Header{Fin: true, Opcode: ws.Binary, Length: 125}},
	{"the shortest 16-bit length", "82 7e 007e", ws.Header{Fin: true, Opcode: ws.Binary, Length: 126}},
	{"the longest 16-bit length", "82 7e ffff", ws.Header{Fin: true, Opcode: ws.Binary, Length: 1<<16 - 1}},
	{"the longest 64-bit length", "82 7f 7fffffffffffffff",
		ws.Header{Fin: true, Opcode: ws.Binary, Length: math.MaxInt64}},
	{"the longest header", "82 ff 7fffffffffffffff 37fa213d",
		ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Key: rfcKey, Length: math.MaxInt64}},
	{"the longest control frame", "88 7d", ws.Header{Fin: true, Opcode: ws.Close, Length: 125}},
	{"all reserved bits", "f1 00", ws.Header{Fin: true, Rsv: 0x70, Opcode: ws.Text}},
	{"RSV1 alone", "c1 00", ws.Header{Fin: true, Rsv: 0x40, Opcode: ws.Text}},
	{"RSV3 alone", "12 00", ws.Header{Rsv: 0x10, Opcode: ws.Binary}},
}

func TestParseHeaderReadsEveryForm(t *testing.T) {
	for _, c := range headers {
		t.Run(c.title, func(t *testing.T) {
			wire := unhex(t, c.wire)
			for n := range wire {
				if _, got, err := ws.ParseHeader(wire[:n]); got != 0 || err != nil {
					t.Errorf("% x: got size %d, error %v; want it to ask for more bytes", wire[:n], got, err)
				}
			}
			for _, behind := range []string{"", "ff", "00000000000000000000"} {
				h, n, err := ws.ParseHeader(append(wire, unhex(t, behind)...))
				if n != len(wire) || err != nil {
					t.Errorf("with %q after it: size %d, error %v; want size %d", behind, n, err, len(wire))
				}
				if diff := cmp.Diff(c.h, h); diff != "" {
					t.Errorf("with %q after it (-want +got):\n%s", behind, diff)
				}
			}
		})
	}
}

func TestAppendHeaderWritesTheShortestForm(t *testing.T) {
	for _, c := range headers {
		got := ws.AppendHeader([]byte("kept"), c.h)
		if diff := cmp.Diff(append([]byte("kept"), unhex(t, c.wire)...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.title, diff)
		}
	}
}

func TestAppendHeaderDropsBitsOutsideTheirFields(t *testing.T) {
	got := ws.AppendHeader(nil, ws.Header{Rsv: 0xFF, Opcode: 0xF0 | ws.Binary, Key: rfcKey})
	if diff := cmp.Diff(unhex(t, "72 00"), got); diff != "" {
		t.Errorf("a header without FIN and mask, with all RSV bits (-want +got):\n%s", diff)
	}
}

func TestParseHeaderFailsAtTheFirstInvalidByte(t *testing.T) {
	for _, c := range []struct {
		title string
		wire  string // ends with the first byte that makes the header invalid
		want  *ws.Error
	}{
		{"opcode 3 is reserved for data", "83", ws.ErrOpcode},
		{"opcode 7 is reserved for data", "07", ws.ErrOpcode},
		{"opcode 0xB is reserved for control", "8b", ws.ErrOpcode},
		{"opcode 0xF is reserved for control", "8f", ws.ErrOpcode},
		{"a reserved opcode is reported before its missing FIN", "0b", ws.ErrOpcode},
		{"a Ping is never fragmented", "09", ws.ErrControlFragmented},
		{"a Pong is never fragmented", "0a", ws.ErrControlFragmented},
		{"a Close is never fragmented", "08", ws.ErrControlFragmented},
		{"a control frame has no 16-bit length", "89 7e", ws.ErrControlLong},
		{"a control frame has no 64-bit length", "88 ff", ws.ErrControlLong},
		{"0 has a shorter form than 16 bits", "82 7e 0000", ws.ErrLengthForm},
		{"125 has a shorter form than 16 bits", "82 fe 007d", ws.ErrLengthForm},
		{"0 has a shorter form than 64 bits", "82 7f 000000000000", ws.ErrLengthForm},
		{"65535 has a shorter form than 64 bits", "82 ff 000000000000", ws.ErrLengthForm},
		{"a length must not have its top bit set", "82 7f 80", ws.ErrLengthSign},
	} {
		t.Run(c.title, func(t *testing.T) {
			wire := unhex(t, c.wire)
			if _, n, err := ws.ParseHeader(wire[:len(wire)-1]); n != 0 || err != nil {
				t.Errorf("a byte earlier: got size %d, error %v; want it to ask for more bytes", n, err)
			}
			for _, behind := range []string{"", "ffff", "0000000000000000000000"} {
				if _, n, err := ws.ParseHeader(append(wire, unhex(t, behind)...)); err != c.want || n != 0 {
					t.Errorf("with %q after it: size %d, error %v; want %v", behind, n, err, c.want)
				}
			}
		})
	}
}

// As long as ParseHeader asks for more bytes, there are bytes that make the header valid. So it
// never reports an invalid header too late.
func TestParseHeaderNeedsNoMoreBytesThanTheHeaderHas(t *testing.T) {
	for first := range 256 {
		for second := range 256 {
			for _, length := range []string{"", "00", "0000", "00000000000001", "007e", "7f", "ffff"} {
				p := append([]byte{byte(first), byte(second)}, unhex(t, length)...)
				if _, n, err := ws.ParseHeader(p); n > 0 || err != nil {
					continue
				}
				_, low, _ := ws.ParseHeader(append(bytes.Clone(p), bytes.Repeat([]byte{0x01}, 12)...))
				_, high, _ := ws.ParseHeader(append(bytes.Clone(p), bytes.Repeat([]byte{0x7f}, 12)...))
				if low == 0 && high == 0 {
					t.Errorf("% x: ParseHeader asks for more bytes, but none make the header valid", p)
				}
			}
		}
	}
}

// The examples are the complete frames of RFC 6455 5.7.
func TestAppendFrameWritesTheExamplesOfTheRFC(t *testing.T) {
	hello := []byte("Hello")
	for _, c := range []struct {
		title   string
		h       ws.Header
		payload []byte
		want    string
	}{
		{"unmasked text", ws.Header{Fin: true, Opcode: ws.Text}, hello, "81 05 48656c6c6f"},
		{"masked text", ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Key: rfcKey}, hello,
			"81 85 37fa213d 7f9f4d5158"},
		{"first fragment", ws.Header{Opcode: ws.Text}, hello[:3], "01 03 48656c"},
		{"last fragment", ws.Header{Fin: true}, hello[3:], "80 02 6c6f"},
		{"ping", ws.Header{Fin: true, Opcode: ws.Ping}, hello, "89 05 48656c6c6f"},
		{"masked pong", ws.Header{Fin: true, Opcode: ws.Pong, Masked: true, Key: rfcKey}, hello,
			"8a 85 37fa213d 7f9f4d5158"},
		{"256 bytes", ws.Header{Fin: true, Opcode: ws.Binary}, make([]byte, 256),
			"82 7e 0100" + strings.Repeat("00", 256)},
		{"64 KiB", ws.Header{Fin: true, Opcode: ws.Binary}, make([]byte, 1<<16),
			"82 7f 0000000000010000" + strings.Repeat("00", 1<<16)},
		{"the length is the payload's, not the header's", ws.Header{Fin: true, Opcode: ws.Text, Length: 99},
			hello, "81 05 48656c6c6f"},
	} {
		t.Run(c.title, func(t *testing.T) {
			before := bytes.Clone(c.payload)
			got := ws.AppendFrame([]byte("kept"), c.h, c.payload)
			if diff := cmp.Diff(append([]byte("kept"), unhex(t, c.want)...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !bytes.Equal(before, c.payload) {
				t.Error("AppendFrame has changed the payload, which is only lent")
			}
		})
	}
}

func TestOpcodeNames(t *testing.T) {
	var names []string
	var control []ws.Opcode
	for op := range ws.Opcode(16) {
		names = append(names, op.String())
		if op.Control() {
			control = append(control, op)
		}
	}
	want := []string{"continuation", "text", "binary", "opcode 3", "opcode 4", "opcode 5", "opcode 6", "opcode 7",
		"close", "ping", "pong", "opcode 11", "opcode 12", "opcode 13", "opcode 14", "opcode 15"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]ws.Opcode{8, 9, 10, 11, 12, 13, 14, 15}, control); diff != "" {
		t.Errorf("control opcodes (-want +got):\n%s", diff)
	}
}

// FuzzFrameRoundTrip appends a frame, parses it, and compares the header and the payload.
func FuzzFrameRoundTrip(f *testing.F) {
	f.Add(byte(0x81), true, uint32(0x37fa213d), []byte("Hello"), uint16(0))
	f.Add(byte(0x02), false, uint32(0), []byte{}, uint16(300))
	f.Add(byte(0xc2), true, uint32(0xff), []byte("x"), uint16(0xffff))
	f.Add(byte(0x89), false, uint32(1), []byte("y"), uint16(124))
	f.Fuzz(func(t *testing.T, first byte, masked bool, key uint32, payload []byte, more uint16) {
		payload = append(payload, make([]byte, more)...)
		want := ws.Header{Fin: first&0x80 != 0, Rsv: first & 0x70, Opcode: ws.Opcode(first & 0x0F), Masked: masked,
			Length: int64(len(payload))}
		if masked {
			want.Key = [4]byte{byte(key >> 24), byte(key >> 16), byte(key >> 8), byte(key)}
		}
		wire := ws.AppendFrame(nil, want, payload)
		got, n, err := ws.ParseHeader(wire)
		op := want.Opcode
		known := op <= ws.Binary || op >= ws.Close && op <= ws.Pong
		if legal := known && (!op.Control() || want.Fin && len(payload) <= 125); !legal {
			if err == nil || n != 0 {
				t.Fatalf("illegal frame %+v: got size %d, error %v; want an error", want, n, err)
			}
			return
		}
		if err != nil {
			t.Fatalf("legal frame %+v: got error %v", want, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("header (-want +got):\n%s", diff)
		}
		if masked {
			ws.Mask(got.Key, 0, wire[n:])
		}
		if !bytes.Equal(payload, wire[n:]) {
			t.Fatalf("a payload of %d bytes has changed", len(payload))
		}
	})
}
