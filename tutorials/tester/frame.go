package tester

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Opcodes of RFC 6455 5.2.
const (
	more     = 0x0
	text     = 0x1
	binaries = 0x2
	closing  = 0x8
	ping     = 0x9
	pong     = 0xa
	fin      = 0x80
)

// frame is a frame that the server has sent.
type frame struct {
	first   byte // FIN, reserved bits and the opcode
	payload []byte
}

func (f frame) opcode() byte { return f.first & 0xf }

func (f frame) String() string {
	name, ok := map[byte]string{
		more: "continuation", text: "text", binaries: "binary", closing: "Close", ping: "Ping", pong: "Pong",
	}[f.opcode()]
	if !ok {
		name = "reserved"
	}
	s := "a " + name + " frame"
	if f.first&fin == 0 {
		s += " without FIN"
	}
	if f.opcode() == closing && len(f.payload) >= 2 {
		return fmt.Sprintf("%s with code %d", s, binary.BigEndian.Uint16(f.payload))
	}
	return fmt.Sprintf("%s of %d bytes, %s", s, len(f.payload), quote(f.payload))
}

// masked is a client's frame, the whole of a message.
func masked(opcode byte, payload []byte) []byte { return clientFrame(fin|opcode, payload, true) }

func clientFrame(first byte, payload []byte, mask bool) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	if !mask {
		return append(b, payload...)
	}
	b[1] |= 0x80
	key := [4]byte{0x1f, 0xa2, 0x33, 0xc4}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i&3])
	}
	return b
}

// readFrame reads a frame, which must not be masked.
func (p *clientConn) readFrame() (f frame, err error) {
	if f.first, err = p.r.ReadByte(); err != nil {
		return f, err
	}
	n, err := p.length()
	if err != nil {
		return f, unexpected(err)
	}
	f.payload = make([]byte, n)
	got, err := io.ReadFull(p.r, f.payload)
	if err != nil {
		return f, fmt.Errorf("a frame that announces %d bytes, then only %d bytes, then %s", n, got, came(err))
	}
	return f, nil
}

func (p *clientConn) length() (int, error) {
	b, err := p.r.ReadByte()
	switch {
	case err != nil:
		return 0, err
	case b&0x80 != 0:
		return 0, errors.New("a masked frame, which only a client may send (RFC 6455 5.1)")
	case b < 126:
		return int(b), nil
	}
	wide := make([]byte, 8)
	from := 6
	if b == 127 {
		from = 0
	}
	if _, err := io.ReadFull(p.r, wide[from:]); err != nil {
		return 0, err
	}
	n := binary.BigEndian.Uint64(wide)
	if n > 1<<26 {
		return 0, fmt.Errorf("a frame that announces %d bytes", n)
	}
	return int(n), nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// expectFrame reads a message in one frame and compares it with want.
func (p *clientConn) expectFrame(opcode byte, want []byte) error {
	f, err := p.readFrame()
	if err != nil {
		return err
	}
	if f.first != fin|opcode {
		return fmt.Errorf("%v", f)
	}
	if wrong := different(want, f.payload); wrong != nil {
		return fmt.Errorf("%v: %w", frame{f.first, nil}, wrong)
	}
	return nil
}

// newKey returns a random Sec-WebSocket-Key.
func newKey() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// acceptOf returns the Sec-WebSocket-Accept that belongs to a key (RFC 6455 4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// handshake opens a WebSocket and returns the response's Sec-WebSocket-Accept, unchecked.
func handshake(p *clientConn, key string) (accept string, err error) {
	_, err = fmt.Fprintf(p, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n", p.e.WSPath, p.e.addr, key)
	if err != nil {
		return "", err
	}
	if _, err := p.r.Peek(1); err != nil {
		return "", err
	}
	r, err := http.ReadResponse(p.r, nil)
	switch {
	case err != nil:
		return "", fmt.Errorf("bytes that aren't an HTTP response: %w", err)
	case r.StatusCode != http.StatusSwitchingProtocols:
		return "", fmt.Errorf("status %s instead of 101", r.Status)
	case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		return "", fmt.Errorf("status 101 without “Upgrade: websocket”")
	}
	return r.Header.Get("Sec-WebSocket-Accept"), nil
}
