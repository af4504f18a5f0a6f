package tracetest

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"threeloops/common/ws"
)

// maxItem bounds what one line can make, against a slip of the pen.
const maxItem = 64 << 20

// Key and Accept are what the item handshake sends, and what must come back:
// the example of RFC 6455 1.3.
const (
	Key    = "dGhlIHNhbXBsZSBub25jZQ=="
	Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// mask is the key of every frame that a peer sends: that of the examples in
// RFC 6455 5.7.
var mask = [4]byte{0x37, 0xfa, 0x21, 0x3d}

var opcodes = map[string]ws.Opcode{
	"text": ws.Text, "binary": ws.Binary, "cont": ws.Continuation,
	"ping": ws.Ping, "pong": ws.Pong, "close": ws.Close,
}

// items is what of a line is still to be parsed.
type items struct {
	text   string
	masked bool
}

// parseItems makes bytes of a whole line of items.
func parseItems(text string, masked bool) ([]byte, error) {
	in := &items{text, masked}
	b, err := in.list()
	switch {
	case err != nil:
		return nil, err
	case in.text != "":
		return nil, fmt.Errorf("want no ) without its (: %q", in.text)
	case len(b) == 0:
		return nil, errors.New(`want items: hex bytes, "text", or repeat, pattern, get, handshake, a frame`)
	}
	return b, nil
}

// list parses up to the end of the line or a closing parenthesis.
func (in *items) list() ([]byte, error) {
	b, err := in.all()
	for err == nil && strings.HasPrefix(in.text, ",") {
		in.text = in.text[1:]
		var more []byte
		more, err = in.all()
		b = append(b, more...)
	}
	return b, err
}

// all parses up to a comma, the end of the line or a closing parenthesis.
func (in *items) all() ([]byte, error) {
	var b []byte
	for in.skip(); !in.over(); in.skip() {
		one, err := in.one()
		if err != nil {
			return nil, err
		}
		if b = append(b, one...); len(b) > maxItem {
			return nil, fmt.Errorf("want no more than %d bytes", maxItem)
		}
	}
	return b, nil
}

func (in *items) over() bool { return in.text == "" || in.text[0] == ')' || in.text[0] == ',' }

func (in *items) skip() { in.text = strings.TrimLeft(in.text, " \t\n") }

func (in *items) word() string {
	in.skip()
	n := strings.IndexAny(in.text, " \t\n),")
	if n < 0 {
		n = len(in.text)
	}
	w := in.text[:n]
	in.text = in.text[n:]
	return w
}

func (in *items) number(after string) (int, error) {
	w := in.word()
	n, err := strconv.Atoi(w)
	if err != nil || n < 0 || n > maxItem {
		return 0, fmt.Errorf("want a number after %s, not %q", after, w)
	}
	return n, nil
}

func (in *items) one() ([]byte, error) {
	switch in.text[0] {
	case '"':
		q, err := strconv.QuotedPrefix(in.text)
		if err != nil {
			return nil, fmt.Errorf("want a Go string: %s", in.text)
		}
		in.text = in.text[len(q):]
		s, err := strconv.Unquote(q)
		return []byte(s), err
	case '(':
		in.text = in.text[1:]
		b, err := in.list()
		if err == nil && !strings.HasPrefix(in.text, ")") {
			err = errors.New("want a ) at the end")
		}
		in.text = strings.TrimPrefix(in.text, ")")
		return b, err
	}
	return in.named(in.word())
}

func (in *items) named(word string) ([]byte, error) {
	switch word {
	case "repeat":
		return in.repeat()
	case "pattern":
		n, err := in.number(word)
		return pattern(n), err
	case "get", "handshake":
		path := in.word()
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("want a path after %s, not %q", word, path)
		}
		if word == "get" {
			return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"), nil
		}
		return handshake(path), nil
	case "offer":
		return in.offer()
	case "deflate":
		return in.deflate()
	case "part":
		return in.frame(in.word(), false)
	case "marked":
		b, err := in.one()
		if err == nil {
			b[0] |= ws.Rsv1
		}
		return b, err
	}
	if _, ok := opcodes[word]; ok {
		return in.frame(word, true)
	}
	b, err := hex.DecodeString(word)
	if err != nil {
		return nil, fmt.Errorf("want hex bytes, a string or an item's name, not %q", word)
	}
	return b, nil
}

func (in *items) repeat() ([]byte, error) {
	n, err := in.number("repeat")
	if err != nil {
		return nil, err
	}
	if in.skip(); in.over() {
		return nil, errors.New("want an item after repeat N")
	}
	b, err := in.one()
	if len(b)*n > maxItem {
		return nil, fmt.Errorf("want no more than %d bytes", maxItem)
	}
	return bytes.Repeat(b, n), err
}

// offer parses the path and the extensions of a handshake.
func (in *items) offer() ([]byte, error) {
	path := in.word()
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("want a path after offer, not %q", path)
	}
	head := strings.TrimSuffix(string(handshake(path)), "\r\n")
	for in.skip(); strings.HasPrefix(in.text, `"`); in.skip() {
		value, err := in.one()
		if err != nil {
			return nil, err
		}
		head += "Sec-WebSocket-Extensions: " + string(value) + "\r\n"
	}
	return []byte(head + "\r\n"), nil
}

// deflate compresses the next item by package flate alone, so that the servers
// are not tested by their own code.
func (in *items) deflate() ([]byte, error) {
	if in.skip(); in.over() {
		return nil, errors.New("want an item after deflate")
	}
	plain, err := in.one()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression)
	w.Write(plain)
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff")), nil
}

// frame parses what follows a frame's name.
func (in *items) frame(name string, fin bool) ([]byte, error) {
	op, ok := opcodes[name]
	if !ok {
		return nil, fmt.Errorf("want text, binary, cont, ping, pong or close, not %q", name)
	}
	var payload []byte
	if in.skip(); op == ws.Close && !in.over() {
		code, err := in.number(name)
		if err != nil {
			return nil, err
		}
		payload = []byte{byte(code >> 8), byte(code)}
	}
	rest, err := in.all()
	payload = append(payload, rest...)
	h := ws.Header{Fin: fin, Opcode: op, Masked: in.masked}
	if in.masked {
		h.Key = mask
	}
	return ws.AppendFrame(nil, h, payload), err
}

func handshake(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
		"Upgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + Key + "\r\nSec-WebSocket-Version: 13\r\n\r\n")
}

// pattern is n letters in which a piece that is lost, doubled or out of place
// shows. They come from a xorshift generator.
func pattern(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = 'a' + byte(x>>8%26)
	}
	return b
}
