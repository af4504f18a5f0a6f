package tester

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// kind is a protocol that a server speaks. The requests of a connection have numbers, so that an
// answer in the wrong order is noticed.
type kind interface {
	name() string
	asks() string                        // what a client does, like “sends a line”
	rule() string                        // what a correct answer is, and the RFC that says so
	open(p *clientConn) error            // does what comes before a connection's first request
	request(p *clientConn, i int) []byte // request number i of client p
	answer(p *clientConn, i int) error   // reads the answer to request number i, and checks it
	part(e *env) []byte                  // the first half of a request
}

var kinds = map[string]kind{
	"line": lineKind{}, "http": httpKind{}, "ws": wsKind{}, "room": roomKind{}, "shards": shardsKind{},
}

// lineKind is a server that sends each line back.
type lineKind struct{}

func (lineKind) name() string { return "line" }
func (lineKind) asks() string { return "sends a line" }
func (lineKind) rule() string {
	return "the same line comes back once, whole and unchanged, after its \\n has arrived"
}
func (lineKind) open(*clientConn) error                { return nil }
func (lineKind) part(*env) []byte                      { return []byte("half a li") }
func (lineKind) text(i int) []byte                     { return fmt.Appendf(nil, "line %d of this client\n", i) }
func (k lineKind) request(_ *clientConn, i int) []byte { return k.text(i) }

func (k lineKind) answer(p *clientConn, i int) error { return p.expect(k.text(i)) }

// expect reads len(want) bytes, and returns an error if they differ from want.
func (p *clientConn) expect(want []byte) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.r, got)
	if wrong := different(want[:n], got[:n]); wrong != nil || err == nil {
		return wrong
	}
	if n > 0 {
		return fmt.Errorf("%s, then %s", quote(got[:n]), came(err))
	}
	return err
}

// httpKind is a server that answers GET with a page.
type httpKind struct{}

func (httpKind) name() string { return "http" }
func (httpKind) asks() string { return "requests a page" }
func (httpKind) rule() string {
	return "one response to one request, with as many bytes as its header announces (RFC 9112 6.3)"
}
func (httpKind) open(*clientConn) error { return nil }

func (k httpKind) request(p *clientConn, i int) []byte { return k.get(p.e) }

func (httpKind) get(e *env) []byte {
	return []byte("GET " + e.Path + " HTTP/1.1\r\nHost: " + e.addr + "\r\n\r\n")
}

func (k httpKind) part(e *env) []byte {
	whole := k.get(e)
	return whole[:len(whole)-9]
}

func (k httpKind) answer(p *clientConn, i int) error {
	_, err := k.body(p)
	return err
}

// body reads a response and returns its body.
func (httpKind) body(p *clientConn) ([]byte, error) {
	if p.closeAnnounced {
		return nil, errors.New("“Connection: close” in the response before, so no further response follows")
	}
	if _, err := p.r.Peek(1); err != nil {
		return nil, err
	}
	request := &http.Request{Method: "GET"}
	r, err := http.ReadResponse(p.r, request)
	if err != nil {
		first, _ := p.r.Peek(min(60, p.r.Buffered()))
		return nil, fmt.Errorf("bytes that aren't an HTTP response: %v (then follows %s)", err, quote(first))
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("a header that announces %d bytes, then only %d bytes, then %s",
			r.ContentLength, len(b), came(err))
	}
	p.closeAnnounced = r.Close
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", r.Status)
	}
	if r.ContentLength >= 0 && !r.Close {
		if b := p.surplus(); b != nil {
			return nil, fmt.Errorf("a header that announces %d bytes, and after these bytes %s, which is too much",
				r.ContentLength, quote(b))
		}
	}
	return b, nil
}

// surplus returns the first bytes that follow a response, if they have arrived and don't begin another
// response.
func (p *clientConn) surplus() []byte {
	b, _ := p.r.Peek(min(5, p.r.Buffered()))
	if bytes.HasPrefix([]byte("HTTP/"), b) {
		return nil
	}
	return b
}

// wsKind is a server that sends WebSocket messages back.
type wsKind struct{}

func (wsKind) name() string { return "ws" }
func (wsKind) asks() string { return "opens a WebSocket and sends a message" }
func (wsKind) rule() string { return "each message comes back unchanged" }

func (wsKind) open(p *clientConn) error {
	_, err := handshake(p, newKey())
	return err
}

func (wsKind) text(i int) []byte                     { return fmt.Appendf(nil, "message %d of this client", i) }
func (k wsKind) request(_ *clientConn, i int) []byte { return masked(text, k.text(i)) }
func (k wsKind) answer(p *clientConn, i int) error   { return p.expectFrame(text, k.text(i)) }
func (k wsKind) part(e *env) []byte                  { return masked(text, k.text(0))[:9] }
