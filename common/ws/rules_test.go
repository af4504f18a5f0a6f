package ws_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

func fails(err *ws.Error) []string { return []string{failSays(err)} }

// rules is what RFC 6455 says, one sentence a case. Where a case fails, its last byte is the first
// that can be known to be wrong.
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
	{"a client's frame is masked", setup{}, "\x81\x05", fails(ws.ErrUnmasked)},
	{"a client's control frame too", setup{}, "\x88\x00", fails(ws.ErrUnmasked)},
	{"a server's frame is not masked", setup{role: ws.Client}, "\x81\x85", fails(ws.ErrMasked)},
	{"a server's empty frame neither", setup{role: ws.Client}, "\x89\x80", fails(ws.ErrMasked)},

	// 5.2: the base framing.
	{"two frames of one read are two messages", setup{}, fromClient(0x81, "one") + fromClient(0x82, "two"),
		[]string{`text "one"`, `binary "two"`}},
	{"each frame has its own key", setup{},
		fromClient(0x81, "one") + frame(0x81, &[4]byte{9, 8, 7, 6}, "two"),
		[]string{`text "one"`, `text "two"`}},
	{"an empty message is a message", setup{}, fromClient(0x81, ""), []string{`text ""`}},
	{"RSV1 without its extension", setup{}, "\xc1", fails(ws.ErrReserved)},
	{"RSV2 has no extension", setup{rsv1: true}, "\xa1", fails(ws.ErrReserved)},
	{"RSV3 has no extension", setup{rsv1: true}, "\x91", fails(ws.ErrReserved)},
	{"RSV1 and RSV2", setup{rsv1: true}, "\xe1", fails(ws.ErrReserved)},
	{"an opcode that is not defined", setup{}, "\x83", fails(ws.ErrOpcode)},
	{"a length of 126 in 16 bits", setup{}, fromClient(0x82, strings.Repeat("x", 126)),
		[]string{`binary "` + strings.Repeat("x", 126) + `"`}},
	{"a length that has a shorter form", setup{}, "\x82\xfe\x00\x7d", fails(ws.ErrLengthForm)},
	{"a length with a sign", setup{}, "\x82\xff\x80", fails(ws.ErrLengthSign)},
	{"the mask is judged before the length", setup{}, "\x89\x7e", fails(ws.ErrUnmasked)},
	{"the opcode is judged before the reserved bits", setup{}, "\xf3", fails(ws.ErrOpcode)},
	{"the reserved bits are judged before the order of frames", setup{}, "\xc0", fails(ws.ErrReserved)},

	// 5.4: fragmentation.
	{"fragments may be empty", setup{}, fromClient(0x01, "") + fromClient(0x00, "") + fromClient(0x80, ""),
		[]string{`text ""`}},
	{"an empty last fragment ends the message", setup{}, fromClient(0x02, "ab") + fromClient(0x80, ""),
		[]string{`binary "ab"`}},
	{"control frames come between fragments", setup{},
		fromClient(0x01, "a") + fromClient(0x89, "p") + fromClient(0x00, "b") + fromClient(0x8a, "q") +
			fromClient(0x80, "c"),
		[]string{`ping "p"`, `pong "q"`, `text "abc"`}},
	{"a continuation continues something", setup{}, "\x80", fails(ws.ErrNoMessage)},
	{"a message that has ended is not continued", setup{}, fromClient(0x81, "a") + "\x00",
		[]string{`text "a"`, failSays(ws.ErrNoMessage)}},
	{"a message does not begin within another", setup{},
		fromClient(0x01, "a") + "\x81", fails(ws.ErrMessageOpen)},
	{"not even with the same opcode", setup{}, fromClient(0x02, "") + "\x02", fails(ws.ErrMessageOpen)},
	{"what is not finished is waited for", setup{}, fromClient(0x01, "ab") + fromClient(0x00, "cd")[:7],
		[]string{`so far text "abc"`}},

	// 5.5: control frames.
	{"a control frame is not fragmented", setup{}, "\x09", fails(ws.ErrControlFragmented)},
	{"a control frame has 125 bytes at most", setup{}, "\x89\xfe", fails(ws.ErrControlLong)},
	{"and may have all of them", setup{}, fromClient(0x89, strings.Repeat("p", 125)),
		[]string{`ping "` + strings.Repeat("p", 125) + `"`}},
	{"a control frame has no RSV1", setup{rsv1: true}, "\xc9", fails(ws.ErrReserved)},
	{"an empty ping is a ping", setup{}, fromClient(0x89, ""), []string{`ping ""`}},
	{"an empty pong is a pong", setup{}, fromClient(0x8a, ""), []string{`pong ""`}},

	// 5.5.1 and 7.4: Close.
	{"a Close may be empty", setup{}, fromClient(0x88, ""), []string{`close 1005 ""`}},
	{"a Close has a code", setup{}, fromClient(0x88, "\x03\xe8"), []string{`close 1000 ""`}},
	{"and perhaps a reason", setup{}, fromClient(0x88, "\x03\xe9bye"), []string{`close 1001 "bye"`}},
	{"a Close payload of one byte", setup{}, fromClient(0x88, "\x03"), fails(ws.ErrCloseLength)},
	{"a code that is never sent", setup{}, fromClient(0x88, "\x03\xee"), fails(ws.ErrCloseCode)},
	{"a reason that is not UTF-8 is refused however it comes", setup{},
		fromClient(0x88, "\x03\xe8\xce\xba\xed\xa0\x80"),
		fails(ws.ErrCloseReason)},
	{"a reason that ends within a character", setup{},
		fromClient(0x88, "\x03\xe8\xce"), fails(ws.ErrCloseReason)},
	{"a Close ends an unfinished message", setup{}, fromClient(0x01, "a") + fromClient(0x88, "\x03\xe8"),
		[]string{`close 1000 ""`}},
	{"nothing comes after a Close", setup{}, fromClient(0x88, "\x03\xe8") + fromClient(0x81, "a") + "\xff",
		[]string{`close 1000 ""`}},

	// 5.6 and 8.1: text is UTF-8.
	{"a character may be cut by a fragment", setup{},
		fromClient(0x01, "\xf0\x9f") + fromClient(0x00, "\x82") + fromClient(0x80, "\xa1"),
		[]string{`text "🂡"`}},
	{"even with a ping in it", setup{},
		fromClient(0x01, "\xc3") + fromClient(0x89, "\xff") + fromClient(0x80, "\xa4"),
		[]string{`ping "\xff"`, `text "ä"`}},
	{"but not by the message's end", setup{}, fromClient(0x81, "a\xc3"), fails(ws.ErrInvalidPayload)},
	{"nor by the next message", setup{},
		fromClient(0x01, "a\xc3") + fromClient(0x80, ""), fails(ws.ErrInvalidPayload)},
	{"a bad byte is refused when it comes", setup{},
		fromClient(0x81, "abc\xff is bad")[:10], fails(ws.ErrInvalidPayload)},
	{"a surrogate is refused at its second byte", setup{},
		fromClient(0x81, "\xed\xa0\x80")[:8], fails(ws.ErrInvalidPayload)},
	{"binary may be anything", setup{}, fromClient(0x82, "\xff\xfe"), []string{`binary "\xff\xfe"`}},

	// 7.4.1: "a message that is too big for it to process". Known at the header.
	{"a message may be as big as the limit", setup{limit: 5},
		fromClient(0x81, "Hello"), []string{`text "Hello"`}},
	{"but not bigger", setup{limit: 5}, fromClient(0x81, "Hello!")[:6], fails(ws.ErrMessageTooBig)},
	{"the fragments count together", setup{limit: 5},
		fromClient(0x01, "Hel") + fromClient(0x00, "") + fromClient(0x80, "lo!")[:6],
		fails(ws.ErrMessageTooBig)},
	{"the messages do not", setup{limit: 5}, fromClient(0x81, "Hello") + fromClient(0x81, "World"),
		[]string{`text "Hello"`, `text "World"`}},
	{"nor do control frames", setup{limit: 5},
		fromClient(0x01, "Hel") + fromClient(0x89, "a long ping") + fromClient(0x80, "lo"),
		[]string{`ping "a long ping"`, `text "Hello"`}},
	{"the sum does not overflow", setup{limit: 1<<63 - 1},
		fromClient(0x02, "x") + "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xffkey!",
		fails(ws.ErrMessageTooBig)},

	// RFC 7692 6 and 6.1: RSV1 marks a message, on its first frame.
	{"a marked message", setup{rsv1: true}, fromClient(0xc1, "ab"), []string{`marked text "ab"`}},
	{"and one that is not", setup{rsv1: true}, fromClient(0x81, "ab"), []string{`text "ab"`}},
	{"the mark holds for all fragments", setup{rsv1: true}, fromClient(0x42, "a") + fromClient(0x80, "b"),
		[]string{`marked binary "ab"`}},
	{"but stands on the first one only", setup{rsv1: true},
		fromClient(0x42, "a") + "\xc0", fails(ws.ErrReserved)},
	{"the mark ends with its message", setup{rsv1: true}, fromClient(0xc1, "a") + fromClient(0x81, "b"),
		[]string{`marked text "a"`, `text "b"`}},
	{"marked text is the extension's to check", setup{rsv1: true},
		fromClient(0xc1, "\xff"), []string{`marked text "\xff"`}},
	{"the text after it is ours again", setup{rsv1: true},
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
				t.Errorf("it fails before the byte that is wrong: %q", says)
			}
		})
	}
}
