package inspect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAHeaderIsReadBitByBit reads a frame byte by byte: each bit appears as soon as its byte has
// arrived.
func TestAHeaderIsReadBitByBit(t *testing.T) {
	length := int64(128)
	first := &First{Fin: true, Opcode: 2, Name: "binary"}
	second := &Second{Mask: true, Length: 126, Form: "16 bits after them"}
	for n, want := range map[int]Frame{
		1: {Payload: 1, To: 1, First: first, Lacks: 1},
		2: {Payload: 2, To: 2, First: first, Second: second, Lacks: 6},
		3: {Payload: 3, To: 3, First: first, Second: second, Lacks: 5},
		4: {Payload: 4, To: 4, First: first, Second: second, Length: &length, Lacks: 4},
		8: {Payload: 8, To: 8, First: first, Second: second, Length: &length, Key: "37 fa 21 3d", Lacks: 128},
		10: {Payload: 8, To: 10, First: first, Second: second, Length: &length, Key: "37 fa 21 3d", Lacks: 126,
			Masked: "7f 9f", Unmasked: "48 65", Text: "He"},
	} {
		text := "82 fe 00 80 37 fa 21 3d 7f 9f"[:3*n-1]
		result := inspect(t, Request{Form: "hex", Text: text, Direction: "client", Protocol: "websocket", Deflate: "off"})
		if diff := cmp.Diff([]Frame{want}, result.Frames); diff != "" {
			t.Errorf("%d bytes (-want +got):\n%s", n, diff)
		}
	}
}

// TestTheReservedBits: each bit has its own place.
func TestTheReservedBits(t *testing.T) {
	for text, want := range map[string]First{
		"41 80": {Rsv1: true, Opcode: 1, Name: "text"},
		"21 80": {Rsv2: true, Opcode: 1, Name: "text"},
		"9f 80": {Fin: true, Rsv3: true, Opcode: 15, Name: "reserved f"},
	} {
		result := inspect(t, Request{Form: "hex", Text: text, Direction: "client", Protocol: "websocket", Deflate: "off"})
		if diff := cmp.Diff(&want, result.Frames[0].First); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// TestTheStateOfAText: between two pieces, the bytes of a character that are missing are counted.
func TestTheStateOfAText(t *testing.T) {
	r := named(t, "ping-between").Request
	var got []*Text
	for _, p := range inspect(t, r).Pieces {
		got = append(got, p.Text)
	}
	want := []*Text{{1, "e6b0"}, {1, "e6b0"}, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPhases: the phase of the core after each piece.
func TestPhases(t *testing.T) {
	for about, c := range map[string]struct {
		r    Request
		want []string
	}{
		"a request": {Request{Form: "text", Text: "POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 2\n\nhi\\\n",
			Direction: "client", Protocol: "http", Deflate: "off", Cuts: []int{10, 59, 60}, Fin: true},
			[]string{"fresh", "head", "body", "body", "over"}},
		"a handshake": {Request{Form: "text", Text: handshake + "\n", Direction: "client", Protocol: "http", Deflate: "off"},
			[]string{"fresh", "open"}},
		"a Close": {Request{Form: "hex", Text: "88 82 00 00 00 00 03 e8 81", Direction: "client", Protocol: "websocket", Deflate: "off", Cuts: []int{8}},
			[]string{"open", "linger", "linger"}},
		"a trace that waits": {Request{Form: "trace", Text: "open /echo\nwait 61s\n> fin", Direction: "client", Protocol: "http", Deflate: "off"},
			[]string{"fresh", "over"}},
		"a server's frames": {Request{Form: "hex", Text: "81 00", Direction: "server", Protocol: "websocket", Deflate: "off"},
			[]string{"", ""}},
	} {
		result := inspect(t, c.r)
		got := []string{result.Before}
		for _, p := range result.Pieces {
			got = append(got, p.Events[len(p.Events)-1].Phase)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", about, diff)
		}
	}
}

// TestAHead: the method, the target and the fields are those of the request.
func TestAHead(t *testing.T) {
	r := Request{Form: "text", Text: "\nPOST /a?b=c HTTP/1.0\nHost:localhost\nX-Two: \t1, 2 \nTransfer:\n\n",
		Direction: "client", Protocol: "http", Deflate: "off"}
	want := &Head{"POST", "/a?b=c", "HTTP/1.0", []Field{{"Host", "localhost"}, {"X-Two", "1, 2"}, {"Transfer", ""}},
		"The request has no body: it ends with the empty line."}
	if diff := cmp.Diff(want, inspect(t, r).Pieces[0].Events[0].Head); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCompression: deflate data is inflated, and broken data is refused with its rule.
func TestCompression(t *testing.T) {
	for text, want := range map[string][]string{
		"c1 87 00 00 00 00 f2 48 cd c9 c9 07 00":                         {`ws Data text first last "\xf2H\xcd\xc9\xc9\a\x00"`, `permessage-deflate Inflated "Hello"`},
		"41 83 00 00 00 00 f2 48 cd 80 84 00 00 00 00 c9 c9 07 00":       {`ws Data text first last "\xf2H\xcd\xc9\xc9\a\x00"`, `permessage-deflate Inflated "Hello"`},
		"c1 82 00 00 00 00 ff ff 81 85 00 00 00 00 48 65 6c 6c 6f":       {`ws Data text first last "\xff\xff"`, `permessage-deflate Failed "message is not deflate data" at 7`},
		"c1 84 00 00 00 00 fa 0f 00 00 81 85 00 00 00 00 48 65 6c 6c 6f": {`ws Data text first last "\xfa\x0f\x00\x00"`, `permessage-deflate Failed "text is not UTF-8" at 9`},
	} {
		r := Request{Form: "hex", Text: text, Direction: "client", Protocol: "websocket", Deflate: "on"}
		if diff := cmp.Diff(want, joined(inspect(t, r))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		sameHowever(t, r, 5)
	}
}
