package simulation

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

func frames(all ...[]byte) (b []byte) {
	for _, f := range all {
		b = append(b, f...)
	}
	return b
}

func serverFrame(h ws.Header, text string) []byte { return ws.AppendFrame(nil, h, []byte(text)) }

// The form doesn't depend on the date, on an interim response, or on how a message was fragmented.
func TestCanonicalOutput(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nDate: #\r\nContent-Length: 0\r\n\r\n"
	upgrade := "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	for _, tt := range []struct {
		title, got string
		want       output
	}{
		{"a date", "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026\r\nContent-Length: 0\r\n\r\n", output{http: []byte(head)}},
		{"an interim response", string(interim) + head, output{http: []byte(head)}},
		{"a part of an interim response", head + "HTTP/1.1 100 C", output{http: []byte(head)}},
		{"fragments with a ping between", upgrade + string(frames(
			serverFrame(ws.Header{Opcode: ws.Text}, "a"), serverFrame(ws.Header{Fin: true, Opcode: ws.Ping}, ""),
			serverFrame(ws.Header{Fin: true, Opcode: ws.Continuation}, "b"))),
			output{http: []byte(upgrade), messages: []byte("(text ab)"), control: []byte(`(ping frame 0 "")`)}},
		{"a part of a message", upgrade + string(serverFrame(ws.Header{Fin: true, Opcode: ws.Text}, "abc")[:4]),
			output{http: []byte(upgrade), messages: []byte("(text ab")}},
	} {
		got := canonical([]byte(tt.got))
		if !got.equals(&tt.want) {
			t.Errorf("%s: got %q %q %q, want %q %q %q", tt.title, got.http, got.messages, got.control, tt.want.http, tt.want.messages, tt.want.control)
		}
	}
}

func TestWhatAClientHasSaid(t *testing.T) {
	client := func(h ws.Header, text string) []byte {
		h.Masked, h.Key = true, [4]byte{1, 2, 3, 4}
		return ws.AppendFrame(nil, h, []byte(text))
	}
	whole := func(op ws.Opcode, text string) []byte { return client(ws.Header{Fin: true, Opcode: op}, text) }
	hello := []message{{1, "hello"}}
	for _, tt := range []struct {
		title string
		sent  []byte
		want  talk
	}{
		{"a message and a ping", frames(whole(ws.Text, "hello"), whole(ws.Ping, "p")), talk{messages: hello, control: []string{"p"}}},
		{"fragments", frames(client(ws.Header{Opcode: ws.Text}, "hel"), client(ws.Header{Fin: true, Opcode: ws.Continuation}, "lo")),
			talk{messages: hello}},
		{"an unmasked frame", frames(whole(ws.Text, "hello"), serverFrame(ws.Header{Fin: true, Opcode: ws.Text}, "x"), whole(ws.Text, "y")),
			talk{messages: hello, code: protocolError}},
		{"text that isn't UTF-8", frames(whole(ws.Text, "hello"), whole(ws.Text, "\xff")), talk{messages: hello, code: invalidData}},
		{"a Close", whole(ws.Close, "\x03\xe8bye"), talk{closed: true, code: 1000}},
		{"a Close with a bad reason", whole(ws.Close, "\x03\xe8\xff"), talk{closed: true, code: invalidData}},
		{"a Close with a reserved code", whole(ws.Close, "\x03\xed"), talk{closed: true, code: protocolError}},
		{"a Close with half a code", whole(ws.Close, "\x03"), talk{closed: true, code: protocolError}},
		{"a part of a frame", whole(ws.Text, "hello")[:8], talk{}},
	} {
		if d := cmp.Diff(tt.want, talkOf(tt.sent, true), cmp.AllowUnexported(talk{}, message{})); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.title, d)
		}
	}
}
