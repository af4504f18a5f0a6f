package ws_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// hixieSetup is how a HixieReader is initialized.
type hixieSetup struct {
	closes bool
	limit  int64
}

// playHixie does what play does, with a HixieReader.
func playHixie(t testing.TB, s hixieSetup, wire, cuts []byte) []string {
	t.Helper()
	var r ws.HixieReader
	r.Init(s.closes, s.limit)
	return drive(t, r.Next, wire, cuts)
}

// hixieSlowly decodes wire byte by byte, keeps the whole frame, and checks each rule at the byte
// that decides it.
func hixieSlowly(s hixieSetup, wire []byte) (says []string) {
	defer func() {
		switch stop := recover().(type) {
		case nil, outOfBytes:
		case *ws.Error:
			says = append(says, failSays(stop))
		default:
			panic(stop)
		}
	}()
	next := func() byte {
		if len(wire) == 0 {
			panic(outOfBytes{})
		}
		b := wire[0]
		wire = wire[1:]
		return b
	}
	for {
		kind := next()
		var frame []byte
		if kind < 0x80 {
			for {
				if len(wire) == 0 && kind == 0 && len(frame) > 0 {
					says = append(says, "so far "+messageSays(ws.Text, false, frame))
				}
				b := next()
				if b == 0xFF {
					break
				}
				frame = append(frame, b)
				must(s.limit == 0 || int64(len(frame)) <= s.limit, ws.ErrMessageTooBig)
				must(kind > 0 || goesOn(frame), ws.ErrInvalidPayload)
			}
			if kind == 0 {
				must(utf8.Valid(frame), ws.ErrInvalidPayload)
				says = append(says, messageSays(ws.Text, false, frame))
			}
			continue
		}
		var length uint64
		for more := true; more; {
			b := next()
			must(length>>56 == 0, ws.ErrMessageTooBig)
			length, more = length*128+uint64(b%128), b >= 128
			must(s.limit == 0 || length <= uint64(s.limit), ws.ErrMessageTooBig)
		}
		if kind == 0xFF && length == 0 && s.closes {
			return append(says, closeSays(ws.NoStatus, nil))
		}
		for range length {
			next()
		}
	}
}

// hixieRules has one case for each sentence of the drafts. If the connection of a case fails, its
// last byte is the first that makes it invalid.
var hixieRules = []struct {
	title string
	setup hixieSetup
	wire  string
	want  []string
}{
	{"a text begins with 00 and ends with FF", hixieSetup{}, "\x00Hello\xff", []string{`text "Hello"`}},
	{"a text may be empty", hixieSetup{}, "\x00\xff", []string{`text ""`}},
	{"a text may contain U+0000", hixieSetup{}, "\x00a\x00b\xff", []string{`text "a\x00b"`}},
	{"a text may follow another", hixieSetup{}, "\x00a\xff\x00b\xff", []string{`text "a"`, `text "b"`}},
	{"an unfinished text waits for its end", hixieSetup{}, "\x00ab", []string{`so far text "ab"`}},
	{"a frame with a type below 80 is skipped up to FF", hixieSetup{}, "\x01\x00\xc3\xff\x00b\xff", []string{`text "b"`}},
	{"a frame with a type from 80 on has a length", hixieSetup{}, "\x80\x03\x00\xff\x00\x00b\xff", []string{`text "b"`}},
	{"a length has digits of seven bits", hixieSetup{},
		"\x81\x81\x00" + strings.Repeat("\x00", 128) + "\x00b\xff", []string{`text "b"`}},
	{"a length may begin with zeros", hixieSetup{},
		"\x81" + strings.Repeat("\x80", 20) + "\x01\x00\x00b\xff", []string{`text "b"`}},
	{"a length has 63 bits at most", hixieSetup{}, "\x81" + strings.Repeat("\xff", 10),
		fails(ws.ErrMessageTooBig)},
	{"in hixie-76 FF 00 is the closing handshake", hixieSetup{closes: true}, "\xff\x00\x00b\xff",
		[]string{`close 1005 ""`}},
	{"the closing handshake may have any number of zeros", hixieSetup{closes: true}, "\xff\x80\x80\x00", []string{`close 1005 ""`}},
	{"in hixie-75 FF 00 is a frame like any other", hixieSetup{}, "\xff\x00\x00b\xff", []string{`text "b"`}},
	{"FF with a length isn't the closing handshake", hixieSetup{closes: true}, "\xff\x01\x00\x00b\xff", []string{`text "b"`}},
	{"80 00 isn't the closing handshake", hixieSetup{closes: true}, "\x80\x00\x00b\xff", []string{`text "b"`}},
	{"a text that isn't UTF-8 is refused at its first bad byte", hixieSetup{}, "\x00a\xc0",
		fails(ws.ErrInvalidPayload)},
	{"a text must not end inside a character", hixieSetup{}, "\x00a\xc3\xff", fails(ws.ErrInvalidPayload)},
	{"a text may be as long as the limit", hixieSetup{limit: 3}, "\x00abc\xff", []string{`text "abc"`}},
	{"a text must not be longer than the limit", hixieSetup{limit: 3}, "\x00abcd", fails(ws.ErrMessageTooBig)},
	{"the limit is for one text, not for the connection", hixieSetup{limit: 3}, "\x00abc\xff\x00abc\xff",
		[]string{`text "abc"`, `text "abc"`}},
	{"a skipped frame has the same limit", hixieSetup{limit: 3}, "\x01abcd", fails(ws.ErrMessageTooBig)},
	{"an announced length has the same limit", hixieSetup{limit: 3}, "\x80\x04", fails(ws.ErrMessageTooBig)},
}

func TestHixieRules(t *testing.T) {
	for _, tt := range hixieRules {
		t.Run(tt.title, func(t *testing.T) {
			wire := []byte(tt.wire)
			for name, got := range map[string][]string{
				"whole":     playHixie(t, tt.setup, wire, nil),
				"by byte":   playHixie(t, tt.setup, wire, bytes.Repeat([]byte{1}, len(wire))),
				"reference": hixieSlowly(tt.setup, wire),
			} {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if short := playHixie(t, tt.setup, wire[:len(wire)-1], nil); strings.HasPrefix(tt.want[0], "fails") &&
				len(short) > 0 && strings.HasPrefix(short[0], "fails") {
				t.Errorf("the reader fails before the last byte: %v", short)
			}
		})
	}
}

// hixieConversation is a random stream of n frames, mostly legal.
func hixieConversation(rnd *rand.Rand, n int) (wire []byte) {
	texts := []string{"", "a", "Hello", "grüß dich", "世界", "🂡🂱", "more than one word of eight bytes"}
	for range n {
		payload := texts[rnd.IntN(len(texts))]
		switch rnd.IntN(8) {
		case 0:
			wire = append(append(append(wire, byte(1+rnd.IntN(127))), payload...), 0xFF)
		case 1:
			size := rnd.IntN(300)
			wire = append(wire, byte(0x80+rnd.IntN(128)), 0x80|byte(size>>7), byte(size&0x7F))
			wire = append(wire, make([]byte, size)...)
		case 2:
			if rnd.IntN(4) == 0 {
				wire = ws.AppendHixieClose(wire)
			}
		default:
			wire = ws.AppendHixie(wire, []byte(payload), true, true)
		}
	}
	if len(wire) > 0 && rnd.IntN(3) == 0 {
		wire[rnd.IntN(len(wire))] ^= 1 << rnd.IntN(8)
	}
	return wire
}

func checkHixie(t *testing.T, s hixieSetup, wire, cuts []byte) {
	t.Helper()
	want := hixieSlowly(s, wire)
	for _, c := range [][]byte{nil, cuts} {
		if diff := cmp.Diff(want, playHixie(t, s, wire, c)); diff != "" {
			t.Fatalf("%+v, wire % x cut by %v (-reference +reader):\n%s", s, wire, c, diff)
		}
	}
}

func TestHixieReaderAgreesWithTheReferenceHoweverItIsCut(t *testing.T) {
	rnd := rand.New(rand.NewPCG(75, 76))
	for range 20000 {
		s := hixieSetup{rnd.IntN(2) == 0, []int64{0, 0, 1, 20, 200}[rnd.IntN(5)]}
		wire := hixieConversation(rnd, 1+rnd.IntN(8))
		checkHixie(t, s, wire, someCuts(rnd, len(wire)))
	}
}

func FuzzHixieReader(f *testing.F) {
	for i := range uint64(12) {
		rnd := rand.New(rand.NewPCG(75, i))
		f.Add(i%2 == 0, uint16(10*i), hixieConversation(rnd, 5), someCuts(rnd, 60))
	}
	f.Fuzz(func(t *testing.T, closes bool, limit uint16, wire, cuts []byte) {
		checkHixie(t, hixieSetup{closes, int64(limit)}, wire, cuts)
	})
}

func TestHixieReaderAllocatesNothing(t *testing.T) {
	var r ws.HixieReader
	r.Init(true, 1<<20)
	p := []byte("\x00grüß dich\xff\x80\x01x\x00Hello\xff")
	n := testing.AllocsPerRun(100, func() {
		for q := p; len(q) > 0; {
			_, n := r.Next(q[:min(5, len(q))])
			q = q[n:]
		}
	})
	if n != 0 {
		t.Errorf("want no allocations, got %.1f", n)
	}
}

func TestHixieTextCantEndItsFrame(t *testing.T) {
	for _, p := range []string{"", "Hello", "grüß dich", "\x00\x00", "\xfe"} {
		frame := ws.AppendHixie(nil, []byte(p), true, true)
		if !ws.HixieText([]byte(p)) || !bytes.Equal(frame, []byte("\x00"+p+"\xff")) {
			t.Errorf("%q: want it between 00 and FF, got % x", p, frame)
		}
	}
	if ws.HixieText([]byte("a\xffb")) {
		t.Error("HixieText accepts the byte FF, which would end the frame")
	}
}

// The examples are those of the draft's sections 1.2 and 1.3.
func TestHixieAnswerIsThatOfTheDraft(t *testing.T) {
	for _, tt := range []struct {
		key1, key2, body, want string
		one, two               uint32
	}{
		{"4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", "^n:ds[4U", "8jKS'y:G*Co,Wxa-", 829309203, 259970620},
		{"18x 6]8vM;54 *(5:  {   U1]8  z [  8", "1_ tx7X d  <  nw  334J702) 7]o}` 0", "Tm[K T2u",
			"fQJ,fN/4F4!~K~MH", 155712099, 173347027},
	} {
		one, ok1 := ws.HixieNumber([]byte(tt.key1))
		two, ok2 := ws.HixieNumber([]byte(tt.key2))
		if !ok1 || !ok2 || one != tt.one || two != tt.two {
			t.Errorf("want %d and %d, got %d, %t and %d, %t", tt.one, tt.two, one, ok1, two, ok2)
		}
		got := ws.AppendHixieAnswer([]byte("x"), one, two, [8]byte([]byte(tt.body)))
		if string(got) != "x"+tt.want {
			t.Errorf("want the answer %q, got %q", tt.want, got)
		}
	}
}

func TestInvalidHixieKeysAreRefused(t *testing.T) {
	for key, why := range map[string]string{
		"":             "the key is empty",
		"12345":        "the key has no space",
		"1 2 3":        "123 is no multiple of 2, the number of spaces",
		"1 3":          "",
		" ":            "",
		"4294967295 ":  "",
		"4294967296 ":  "the number has 33 bits",
		"99999999999 ": "the number has more than 33 bits",
		"a b":          "",
	} {
		if _, ok := ws.HixieNumber([]byte(key)); ok != (why == "") {
			t.Errorf("%q: got ok %t, want %t; reason to refuse it: %q", key, ok, why == "", why)
		}
	}
}

func TestHybi07AndHybi10HaveTheirOwnCloseCodes(t *testing.T) {
	for code, want := range map[ws.Code]string{
		ws.NormalClosure: "\x03\xe8bye", ws.ProtocolError: "\x03\xeabye", ws.InvalidPayload: "\x03\xefbye",
		ws.MessageTooBig: "\x03\xecbye", ws.PolicyViolation: "\x03\xeabye", ws.InternalError: "\x03\xe9bye",
		4001: "\x0f\xa1bye", ws.NoStatus: "",
	} {
		if got := ws.AppendHybi07Close(nil, code, "bye"); string(got) != want {
			t.Errorf("%d: want %q, got %q", code, want, got)
		}
	}
	for early, want := range map[bool]string{true: `close 1009 "x"`, false: failSays(ws.ErrCloseCode)} {
		var r ws.Reader
		r.Init(ws.Server, 0)
		r.Hybi07 = early
		ev, _ := r.Next([]byte(fromClient(0x88, "\x03\xecx")))
		got := closeSays(ev.Code, ev.Payload)
		if ev.Kind == ws.Failed {
			got = failSays(ev.Err)
		}
		if got != want {
			t.Errorf("code 1004, Hybi07 %t: want %s, got %s", early, want, got)
		}
	}
}
