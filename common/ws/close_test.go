package ws_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// The codes are those of RFC 6455 7.4.1 and 7.4.2, and the ones that IANA registered later.
func TestSendableCodes(t *testing.T) {
	var ranges [][2]ws.Code
	for i := range 1 << 16 {
		c := ws.Code(i)
		if !c.Sendable() {
			continue
		}
		if n := len(ranges); n > 0 && ranges[n-1][1] == c-1 {
			ranges[n-1][1] = c
			continue
		}
		ranges = append(ranges, [2]ws.Code{c, c})
	}
	if diff := cmp.Diff([][2]ws.Code{{1000, 1003}, {1007, 1014}, {3000, 4999}}, ranges); diff != "" {
		t.Errorf("ranges of codes that may be sent (-want +got):\n%s", diff)
	}
}

func TestParseClose(t *testing.T) {
	type result struct {
		Code   ws.Code
		Reason string
		Err    *ws.Error
	}
	for _, c := range []struct {
		title   string
		payload string
		want    result
	}{
		{"an empty payload has no status", "", result{Code: ws.NoStatus}},
		{"a code needs no reason", "\x03\xe8", result{Code: ws.NormalClosure}},
		{"a reason follows its code", "\x03\xe9bye", result{Code: ws.GoingAway, Reason: "bye"}},
		{"a code may be the application's own", "\x13\x87ä", result{Code: 4999, Reason: "ä"}},
		{"one byte is no code", "\x03", result{Err: ws.ErrCloseLength}},
		{"1005 is never on the wire", "\x03\xed", result{Err: ws.ErrCloseCode}},
		{"1006 is never on the wire", "\x03\xeebye", result{Err: ws.ErrCloseCode}},
		{"999 is no code", "\x03\xe7", result{Err: ws.ErrCloseCode}},
		{"a reason must be UTF-8", "\x03\xe8\xff", result{Err: ws.ErrCloseReason}},
		{"a reason must end with a complete character", "\x03\xe8bye\xc3", result{Err: ws.ErrCloseReason}},
		{"the code is checked before the reason", "\x03\xed\xff", result{Err: ws.ErrCloseCode}},
	} {
		code, reason, err := ws.ParseClose([]byte(c.payload))
		if diff := cmp.Diff(c.want, result{code, string(reason), err}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.title, diff)
		}
	}
}

func TestAppendCloseAlwaysGivesALegalPayload(t *testing.T) {
	for _, c := range []struct {
		title  string
		code   ws.Code
		reason string
		want   string
	}{
		{"code and reason", ws.ProtocolError, "reserved opcode", "\x03\xeareserved opcode"},
		{"no reason", ws.NormalClosure, "", "\x03\xe8"},
		{"NoStatus gives an empty payload", ws.NoStatus, "", ""},
		{"a code that must not be sent is dropped together with its reason", ws.Abnormal, "gone", ""},
		{"a reason of 123 bytes fits", 3000, strings.Repeat("x", 123), "\x0b\xb8" + strings.Repeat("x", 123)},
		{"a longer reason is cut", 3000, strings.Repeat("x", 124), "\x0b\xb8" + strings.Repeat("x", 123)},
		{"a reason is cut between two characters", 3000, strings.Repeat("x", 122) + "ä", "\x0b\xb8" + strings.Repeat("x", 122)},
		{"a reason is cut before a character of four bytes", 3000, strings.Repeat("x", 120) + "🂡", "\x0b\xb8" + strings.Repeat("x", 120)},
		{"a last character that fits is kept", 3000, strings.Repeat("x", 121) + "äy",
			"\x0b\xb8" + strings.Repeat("x", 121) + "ä"},
		{"bytes that are not UTF-8 are replaced", 3000, "a\xff\xfeb\xc3", "\x0b\xb8a?b?"},
	} {
		got := ws.AppendClose([]byte("kept"), c.code, c.reason)
		if diff := cmp.Diff("kept"+c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.title, diff)
		}
	}
}

func FuzzClose(f *testing.F) {
	f.Add(uint16(1000), "bye")
	f.Add(uint16(4999), strings.Repeat("ä", 70))
	f.Add(uint16(1005), "")
	f.Add(uint16(1011), strings.Repeat("\xf0\x9f\x82", 60))
	f.Fuzz(func(t *testing.T, code uint16, reason string) {
		p := ws.AppendClose(nil, ws.Code(code), reason)
		if len(p) > 125 {
			t.Fatalf("the payload has %d bytes, want at most 125", len(p))
		}
		got, back, err := ws.ParseClose(p)
		want := ws.Code(code)
		if !want.Sendable() {
			want = ws.NoStatus
		}
		if err != nil || got != want {
			t.Fatalf("code %d is parsed as %d, error %v", want, got, err)
		}
		if want != ws.NoStatus && utf8.ValidString(reason) && !strings.HasPrefix(reason, string(back)) {
			t.Fatalf("reason %q is parsed as %q, want a prefix of it", reason, back)
		}
		if len(reason) <= 123 && want != ws.NoStatus && utf8.ValidString(reason) && string(back) != reason {
			t.Fatalf("reason %q fits, but is parsed as %q", reason, back)
		}
	})
}
