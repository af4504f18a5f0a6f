package ws_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

func fails(err *ws.Error) []string { return []string{failSays(err)} }

// rules has one case for each sentence of RFC 6455. If the connection of a case fails, its last
// byte is the first that makes it invalid.
var rules = []struct {
	title string
	setup setup
	wire  string
	want  []string
}{
	// 5.7, the examples.
	{"a single-frame unmasked text message", setup{role: ws.Client},
		"\x81\x05Hello", []string{`text "Hello"`}},
	{"a single-frame masked text message", setup{}, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
		[]string{`text "Hello"`}},
	{"a fragmented unmasked text message", setup{role: ws.Client},
		"\x01\x03Hel\x80\x02lo", []string{`text "Hello"`}},
	{"unmasked ping request and masked ping response", setup{role: ws.Client}, "\x89\x05Hello",
		[]string{`ping "Hello"`}},
	{"masked ping response", setup{},
		"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", []string{`pong "Hello"`}},
	{"256 bytes of binary", setup{role: ws.Client}, "\x82\x7e\x01\x00" + strings.Repeat("x", 256),
		[]string{`binary "` + strings.Repeat("x", 256) + `"`}},
	{"64 KiB of binary", setup{role: ws.Client},
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 1<<16),
		[]string{`binary "` + strings.Repeat("x", 1<<16) + `"`}},

	// 5.1: masking.
	{"a client's frame must be masked", setup{}, "\x81\x05", fails(ws.ErrUnmasked)},
	{"a client's control frame must be masked", setup{}, "\x88\x00", fails(ws.ErrUnmasked)},
	{"a server's frame must not be masked", setup{role: ws.Client}, "\x81\x85", fails(ws.ErrMasked)},
	{"a server's empty frame must not be masked", setup{role: ws.Client}, "\x89\x80", fails(ws.ErrMasked)},

	// 5.2: the base framing.
	{"two frames of one read are two messages", setup{}, fromClient(0x81, "one") + fromClient(0x82, "two"),
		[]string{`text "one"`, `binary "two"`}},
	{"each frame has its own key", setup{},
		fromClient(0x81, "one") + frame(0x81, &[4]byte{9, 8, 7, 6}, "two"),
		[]string{`text "one"`, `text "two"`}},
	{"an empty message is a message", setup{}, fromClient(0x81, ""), []string{`text ""`}},
	{"RSV1 without its extension", setup{}, "\xc1", fails(ws.ErrReserved)},
	{"no extension uses RSV2", setup{rsv1: true}, "\xa1", fails(ws.ErrReserved)},
	{"no extension uses RSV3", setup{rsv1: true}, "\x91", fails(ws.ErrReserved)},
	{"RSV1 and RSV2", setup{rsv1: true}, "\xe1", fails(ws.ErrReserved)},
	{"an opcode that is not defined", setup{}, "\x83", fails(ws.ErrOpcode)},
	{"a length of 126 in 16 bits", setup{}, fromClient(0x82, strings.Repeat("x", 126)),
		[]string{`binary "` + strings.Repeat("x", 126) + `"`}},
	{"a length that has a shorter form", setup{}, "\x82\xfe\x00\x7d", fails(ws.ErrLengthForm)},
	{"a length with its top bit set", setup{}, "\x82\xff\x80", fails(ws.ErrLengthSign)},
	{"the mask bit is checked before the length", setup{}, "\x89\x7e", fails(ws.ErrUnmasked)},
	{"the opcode is checked before the reserved bits", setup{}, "\xf3", fails(ws.ErrOpcode)},
	{"the reserved bits are checked before the order of frames", setup{}, "\xc0", fails(ws.ErrReserved)},

	// 5.4: fragmentation.
	{"fragments may be empty", setup{}, fromClient(0x01, "") + fromClient(0x00, "") + fromClient(0x80, ""),
		[]string{`text ""`}},
	{"an empty last fragment ends the message", setup{}, fromClient(0x02, "ab") + fromClient(0x80, ""),
		[]string{`binary "ab"`}},
	{"control frames may come between fragments", setup{},
		fromClient(0x01, "a") + fromClient(0x89, "p") + fromClient(0x00, "b") + fromClient(0x8a, "q") +
			fromClient(0x80, "c"),
		[]string{`ping "p"`, `pong "q"`, `text "abc"`}},
	{"a continuation without a message", setup{}, "\x80", fails(ws.ErrNoMessage)},
	{"a continuation after the end of a message", setup{}, fromClient(0x81, "a") + "\x00",
		[]string{`text "a"`, failSays(ws.ErrNoMessage)}},
	{"a message must not begin within another", setup{},
		fromClient(0x01, "a") + "\x81", fails(ws.ErrMessageOpen)},
	{"a message with the same opcode must not begin within another", setup{}, fromClient(0x02, "") + "\x02", fails(ws.ErrMessageOpen)},
	{"an unfinished message waits for its end", setup{}, fromClient(0x01, "ab") + fromClient(0x00, "cd")[:7],
		[]string{`so far text "abc"`}},

	// 5.5: control frames.
	{"a control frame must not be fragmented", setup{}, "\x09", fails(ws.ErrControlFragmented)},
	{"a control frame must not be longer than 125 bytes", setup{}, "\x89\xfe", fails(ws.ErrControlLong)},
	{"a control frame may have 125 bytes", setup{}, fromClient(0x89, strings.Repeat("p", 125)),
		[]string{`ping "` + strings.Repeat("p", 125) + `"`}},
	{"a control frame must not have RSV1", setup{rsv1: true}, "\xc9", fails(ws.ErrReserved)},
	{"an empty ping is a ping", setup{}, fromClient(0x89, ""), []string{`ping ""`}},
	{"an empty pong is a pong", setup{}, fromClient(0x8a, ""), []string{`pong ""`}},

	// 5.5.1 and 7.4: Close.
	{"a Close may be empty", setup{}, fromClient(0x88, ""), []string{`close 1005 ""`}},
	{"a Close may have a code without a reason", setup{}, fromClient(0x88, "\x03\xe8"), []string{`close 1000 ""`}},
	{"a Close may have a code and a reason", setup{}, fromClient(0x88, "\x03\xe9bye"), []string{`close 1001 "bye"`}},
	{"a Close payload of one byte", setup{}, fromClient(0x88, "\x03"), fails(ws.ErrCloseLength)},
	{"a code that must not be sent", setup{}, fromClient(0x88, "\x03\xee"), fails(ws.ErrCloseCode)},
	{"a reason that is not UTF-8", setup{},
		fromClient(0x88, "\x03\xe8\xce\xba\xed\xa0\x80"),
		fails(ws.ErrCloseReason)},
	{"a reason that ends inside a character", setup{},
		fromClient(0x88, "\x03\xe8\xce"), fails(ws.ErrCloseReason)},
	{"a Close ends an unfinished message", setup{}, fromClient(0x01, "a") + fromClient(0x88, "\x03\xe8"),
		[]string{`close 1000 ""`}},
	{"bytes after a Close are discarded", setup{}, fromClient(0x88, "\x03\xe8") + fromClient(0x81, "a") + "\xff",
		[]string{`close 1000 ""`}},

	// 5.6 and 8.1: text is UTF-8.
	{"a character may be in two fragments", setup{},
		fromClient(0x01, "\xf0\x9f") + fromClient(0x00, "\x82") + fromClient(0x80, "\xa1"),
		[]string{`text "🂡"`}},
	{"a Ping may come inside a character", setup{},
		fromClient(0x01, "\xc3") + fromClient(0x89, "\xff") + fromClient(0x80, "\xa4"),
		[]string{`ping "\xff"`, `text "ä"`}},
	{"a message must not end inside a character", setup{}, fromClient(0x81, "a\xc3"), fails(ws.ErrInvalidPayload)},
	{"an empty last fragment must not end a message inside a character", setup{},
		fromClient(0x01, "a\xc3") + fromClient(0x80, ""), fails(ws.ErrInvalidPayload)},
	{"an invalid byte is reported immediately", setup{},
		fromClient(0x81, "abc\xff is bad")[:10], fails(ws.ErrInvalidPayload)},
	{"a surrogate is reported at its second byte", setup{},
		fromClient(0x81, "\xed\xa0\x80")[:8], fails(ws.ErrInvalidPayload)},
	{"binary may have any bytes", setup{}, fromClient(0x82, "\xff\xfe"), []string{`binary "\xff\xfe"`}},

	// 7.4.1: "a message that is too big for it to process". The header tells the size.
	{"a message may be as big as the limit", setup{limit: 5},
		fromClient(0x81, "Hello"), []string{`text "Hello"`}},
	{"a message must not be bigger than the limit", setup{limit: 5}, fromClient(0x81, "Hello!")[:6], fails(ws.ErrMessageTooBig)},
	{"the limit is for all fragments of a message together", setup{limit: 5},
		fromClient(0x01, "Hel") + fromClient(0x00, "") + fromClient(0x80, "lo!")[:6],
		fails(ws.ErrMessageTooBig)},
	{"the limit is for each message", setup{limit: 5}, fromClient(0x81, "Hello") + fromClient(0x81, "World"),
		[]string{`text "Hello"`, `text "World"`}},
	{"control frames don't count", setup{limit: 5},
		fromClient(0x01, "Hel") + fromClient(0x89, "a long ping") + fromClient(0x80, "lo"),
		[]string{`ping "a long ping"`, `text "Hello"`}},
	{"the sum of the fragments must not overflow", setup{limit: 1<<63 - 1},
		fromClient(0x02, "x") + "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xffkey!",
		fails(ws.ErrMessageTooBig)},

	// RFC 7692 6 and 6.1: RSV1 marks a message, on its first frame.
	{"a marked message", setup{rsv1: true}, fromClient(0xc1, "ab"), []string{`marked text "ab"`}},
	{"a message that isn't marked", setup{rsv1: true}, fromClient(0x81, "ab"), []string{`text "ab"`}},
	{"the mark is for all fragments of the message", setup{rsv1: true}, fromClient(0x42, "a") + fromClient(0x80, "b"),
		[]string{`marked binary "ab"`}},
	{"a later fragment must not be marked", setup{rsv1: true},
		fromClient(0x42, "a") + "\xc0", fails(ws.ErrReserved)},
	{"the mark isn't for the next message", setup{rsv1: true}, fromClient(0xc1, "a") + fromClient(0x81, "b"),
		[]string{`marked text "a"`, `text "b"`}},
	{"the Reader doesn't check marked text", setup{rsv1: true},
		fromClient(0xc1, "\xff"), []string{`marked text "\xff"`}},
	{"the Reader checks the text after a marked one", setup{rsv1: true},
		fromClient(0xc1, "\xff") + fromClient(0x81, "\xff")[:7],
		[]string{`marked text "\xff"`, failSays(ws.ErrInvalidPayload)}},
}

func TestRules(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 9))
	for _, c := range rules {
		t.Run(c.title, func(t *testing.T) {
			wire := []byte(c.wire)
			whole := play(t, c.setup, wire, nil)
			if diff := cmp.Diff(c.want, whole.Says); diff != "" {
				t.Errorf("whole (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(whole, play(t, c.setup, wire, ones(len(wire)))); diff != "" {
				t.Errorf("byte by byte (-whole +got):\n%s", diff)
			}
			for range 100 {
				cuts := someCuts(rnd, len(wire))
				if diff := cmp.Diff(whole, play(t, c.setup, wire, cuts)); diff != "" {
					t.Fatalf("cut by %v (-whole +got):\n%s", cuts, diff)
				}
			}
			if !strings.HasPrefix(c.want[len(c.want)-1], "fails") {
				return
			}
			behind := append(wire, fromClient(0x81, "behind")...)
			if diff := cmp.Diff(c.want, play(t, c.setup, behind, nil).Says); diff != "" {
				t.Errorf("with a frame after it (-want +got):\n%s", diff)
			}
			early := play(t, c.setup, wire[:len(wire)-1], nil)
			if says := early.Says; len(says) > 0 && strings.HasPrefix(says[len(says)-1], "fails") {
				t.Errorf("the reader fails before the last byte: %q", says)
			}
		})
	}
}
