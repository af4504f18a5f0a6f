package tester

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// kind is what a server speaks. Requests of a connection have numbers, so that
// an answer in the wrong place shows.
type kind interface {
	name() string
	asks() string // “sends a line”
	rule() string // what an answer is, and who says so
	open(p *clientConn) error
	request(e *env, i int) []byte
	answer(p *clientConn, i int) error
	part(e *env) []byte // the first half of a request
}

var kinds = map[string]kind{"line": lineKind{}, "http": httpKind{}, "ws": wsKind{}}

// lineKind is a server that sends each line back.
type lineKind struct{}

func (lineKind) name() string { return "line" }
func (lineKind) asks() string { return "sends a line" }
func (lineKind) rule() string {
	return "the line comes back, once, whole and unchanged, when its \\n was sent"
}
func (lineKind) open(*clientConn) error         { return nil }
func (lineKind) part(*env) []byte               { return []byte("half a li") }
func (lineKind) text(i int) []byte              { return fmt.Appendf(nil, "line %d of this client\n", i) }
func (k lineKind) request(_ *env, i int) []byte { return k.text(i) }

func (k lineKind) answer(p *clientConn, i int) error { return p.expect(k.text(i)) }

// expect reads as many bytes as want has and compares.
func (p *clientConn) expect(want []byte) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.r, got)
	if wrong := different(want[:n], got[:n]); wrong != nil || err == nil {
		return wrong
	}
	if n > 0 {
		return fmt.Errorf("%s, and then %s", quote(got[:n]), came(err))
	}
	return err
}

// httpKind is a server that answers GET.
type httpKind struct{}

func (httpKind) name() string           { return "http" }
func (httpKind) asks() string           { return "asks for a page" }
func (httpKind) rule() string           { return "one answer to one request, as long as it says (RFC 9112 6.3)" }
func (httpKind) open(*clientConn) error { return nil }

func (k httpKind) request(e *env, i int) []byte {
	return []byte("GET " + e.Path + " HTTP/1.1\r\nHost: " + e.addr + "\r\n\r\n")
}

func (k httpKind) part(e *env) []byte {
	whole := k.request(e, 0)
	return whole[:len(whole)-9]
}

func (k httpKind) answer(p *clientConn, i int) error {
	_, err := k.body(p)
	return err
}

// body reads an answer and returns its body.
func (httpKind) body(p *clientConn) ([]byte, error) {
	if p.closeAnnounced {
		return nil, errors.New("“Connection: close” on the answer before, and so nothing after it")
	}
	if _, err := p.r.Peek(1); err != nil {
		return nil, err
	}
	request := &http.Request{Method: "GET"}
	r, err := http.ReadResponse(p.r, request)
	if err != nil {
		first, _ := p.r.Peek(min(60, p.r.Buffered()))
		return nil, fmt.Errorf("something that is no answer of HTTP: %v (%s follows)", err, quote(first))
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("a head that promises %d bytes, then %d bytes, then %s",
			r.ContentLength, len(b), came(err))
	}
	p.closeAnnounced = r.Close
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", r.Status)
	}
	if r.ContentLength >= 0 && !r.Close {
		if b := p.surplus(); b != nil {
			return nil, fmt.Errorf("a head that promises %d bytes, and %s after them", r.ContentLength, quote(b))
		}
	}
	return b, nil
}

// surplus returns what has already come after an answer and doesn't begin another.
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
func (wsKind) rule() string { return "each message comes back as it was sent" }

func (wsKind) open(p *clientConn) error {
	_, err := handshake(p, newKey())
	return err
}

func (wsKind) text(i int) []byte                   { return fmt.Appendf(nil, "message %d of this client", i) }
func (k wsKind) request(_ *env, i int) []byte      { return masked(text, k.text(i)) }
func (k wsKind) answer(p *clientConn, i int) error { return p.expectFrame(text, k.text(i)) }
func (k wsKind) part(e *env) []byte                { return k.request(e, 0)[:9] }
