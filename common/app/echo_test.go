package app

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"threeloops/common/ws"
)

func TestEchoReturnsTheBodyOfAPost(t *testing.T) {
	for _, n := range []int{1, 5, 4096, 300_000} {
		body := strings.Repeat("x", n)
		got := post(t, local(nil), "POST /echo", body, "Content-Type: text/html; charset=x")
		got.expect(t, 200, "POST /echo")
		if got.body != body || got.Header.Get("Content-Type") != "text/html; charset=x" {
			t.Errorf("POST of %d bytes: %d came back, with Content-Type %s", n, len(got.body), got.Header.Get("Content-Type"))
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Error("no nosniff: a browser may guess another type")
		}
	}
	got := post(t, local(nil), "POST /echo", "")
	if got.body != "" || got.Header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("an empty POST without a type returns %q with Content-Type %s", got.body, got.Header.Get("Content-Type"))
	}
}

// RFC 9110 2.2: "A sender MUST NOT generate protocol elements that do not match the
// grammar defined by the corresponding ABNF rules."
func TestAPostWithoutAProperTypeIsBytes(t *testing.T) {
	for _, typ := range []string{"", "text", "a/b, c/d", `a/b; c="`, "a/b; c", "text/html\r\nContent-Type: text/plain"} {
		got := post(t, local(nil), "POST /echo", "hi", "Content-Type: "+typ)
		got.expect(t, 200, "Content-Type "+typ)
		if back := got.Header["Content-Type"]; len(back) != 1 || back[0] != "application/octet-stream" {
			t.Errorf("Content-Type %q came back as %q", typ, back)
		}
	}
}

// The response contains the client's Content-Type. The parser refuses line ends in a value, and no
// other byte may act as one.
func TestAPostCannotPutFieldsIntoTheReply(t *testing.T) {
	want := post(t, local(nil), "POST /echo", "x")
	for c := range 256 {
		value := `a/b; c="` + string([]byte{byte(c)}) + `Evil: 1"`
		got := post(t, local(nil), "POST /echo", "x", "Content-Type: "+value)
		if len(got.Header) > len(want.Header)+1 || got.Header.Get("Evil") != "" {
			t.Errorf("byte %#x in Content-Type: the response has the fields %v", c, got.Header)
		}
		if c == '"' { // ends the quoted string
			value = "application/octet-stream"
		}
		if got.StatusCode == 200 && got.Header.Get("Content-Type") != value {
			t.Errorf("byte %#x in Content-Type: the type came back as %q", c, got.Header.Get("Content-Type"))
		}
	}
}

// webSocket opens a WebSocket on path.
func webSocket(t *testing.T, path string) *client {
	t.Helper()
	c := connect(t, local(nil))
	c.send([]byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
		strings.Join(handshake, "\r\n") + "\r\n\r\n"))
	head, rest, _ := bytes.Cut(c.got, []byte("\r\n\r\n"))
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		t.Fatalf("the response to the handshake is %q, want a 101", head)
	}
	c.got = rest
	return c
}

// message returns a whole message as one masked frame.
func message(op ws.Opcode, p []byte) []byte {
	return ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: op, Masked: true, Key: [4]byte{1, 2, 3, 4}}, p)
}

// receive reads the one message that has arrived, and counts its frames.
func (c *client) receive(want ws.Opcode) (text []byte, pieces int) {
	c.t.Helper()
	var r ws.Reader
	r.Init(ws.Client, 0)
	for p := c.got; ; {
		h, _, _ := ws.ParseHeader(p)
		ev, n := r.Next(p)
		p = p[n:]
		if ev.Kind != ws.Data || ev.Opcode != want || h.Masked {
			c.t.Fatalf("want a piece of a %v, got %+v", want, ev)
		}
		text = append(text, ev.Payload...)
		pieces++
		if ev.Last {
			if len(p) > 0 {
				c.t.Fatalf("got %d bytes after the message", len(p))
			}
			c.got = nil
			return text, pieces
		}
	}
}

func TestAMessageIsEchoed(t *testing.T) {
	c := webSocket(t, "/echo")
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 125, 126, 16 << 10, 65535, 65536, 200_000, 3 << 20} {
		for _, op := range []ws.Opcode{ws.Text, ws.Binary} {
			p := make([]byte, n)
			for i := range p {
				p[i] = byte(r.IntN(128))
			}
			c.send(message(op, p))
			got, pieces := c.receive(op)
			if !bytes.Equal(got, p) || pieces != 1 {
				t.Errorf("a %v of %d bytes came back as %d bytes in %d frames", op, n, len(got), pieces)
			}
		}
	}
}

func TestFragmentsAreEchoedAsOneMessage(t *testing.T) {
	c := webSocket(t, "/echo")
	key := ws.Header{Masked: true}
	c.send(ws.AppendFrame(nil, ws.Header{Masked: true, Opcode: ws.Text}, []byte("Hel")))
	if len(c.got) > 0 {
		t.Errorf("after half a message got % x, want nothing", c.got)
	}
	key.Fin = true
	c.send(ws.AppendFrame(nil, key, []byte("lo")))
	if got, pieces := c.receive(ws.Text); string(got) != "Hello" || pieces != 1 {
		t.Errorf("the message came back as %q in %d frames", got, pieces)
	}
}

func TestAStreamedMessageIsEchoedInPieces(t *testing.T) {
	c := webSocket(t, "/echo?stream")
	p := bytes.Repeat([]byte("stream"), 20_000)
	frame := message(ws.Binary, p)
	c.send(frame[:len(frame)/2])
	if len(c.got) < len(frame)/4 {
		t.Errorf("after half of the message got only %d bytes back", len(c.got))
	}
	c.send(frame[len(frame)/2:])
	if got, pieces := c.receive(ws.Binary); !bytes.Equal(got, p) || pieces < 2 {
		t.Errorf("%d of %d bytes came back, in %d frames", len(got), len(p), pieces)
	}
}

func TestAnEchoedMessageAllocatesNothing(t *testing.T) {
	c := webSocket(t, "/echo")
	frame, scratch, v := message(ws.Text, make([]byte, 64)), make([]byte, 64<<10), make([][]byte, 4)
	n := testing.AllocsPerRun(100, func() {
		c.s.Feed(birth, c.s.Into(scratch)[:copy(scratch, frame)])
		for b := c.s.Next(v); !b.Empty(); b = c.s.Next(v) {
			c.s.Sent(birth, len(b.Bytes[0]))
		}
	})
	if n != 0 {
		t.Errorf("an echoed message allocates %v times, want 0", n)
	}
}

func TestAPlainGetOfEchoAsksForAnUpgrade(t *testing.T) {
	got := ask(t, local(nil), "GET /echo")
	got.expect(t, 426, "GET /echo")
	if got.Header.Get("Upgrade") != "websocket" || got.Header.Get("Sec-WebSocket-Version") != "13" {
		t.Errorf("the response doesn't name the protocol and its version: %v", got.Header)
	}
}
