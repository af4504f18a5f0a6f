package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
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

// webSocket sends every message back. Its functions are what mutants replace.
type webSocket struct {
	buf    []byte
	open   bool   // after the handshake
	opcode byte   // opcode of the unfinished message; 0: there is none
	gather []byte // payload of the unfinished message so far

	accept   func(key string) string
	frame    func(opcode byte, payload []byte) []byte
	parse    func(w *webSocket, b []byte) (f frame, size int)
	message  func(w *webSocket, f frame) (out []byte, end bool)
	control  func(w *webSocket, f frame) (out []byte, end bool)
	tooBig   func(w *webSocket) bool
	unmasked bool // accept frames without a mask
	any      bool // accept text that isn't UTF-8
}

// frame is a client's frame; its payload is unmasked.
type frame struct {
	first   byte // FIN, reserved bits and the opcode
	masked  bool
	payload []byte
}

func newWebSocket() proto { return plainWebSocket() }

func plainWebSocket() *webSocket {
	return &webSocket{accept: accept, frame: serverFrame, parse: parseFrame, message: message, control: control,
		tooBig: tooBig}
}

func (w *webSocket) midway() bool { return !w.open && len(w.buf) > 0 }

func (w *webSocket) feed(in []byte) (out []byte, end bool) {
	w.buf = append(w.buf, in...)
	if !w.open {
		head, rest, found := bytes.Cut(w.buf, emptyLine)
		if !found {
			return nil, len(w.buf) > longest
		}
		out, end = w.handshake(string(head))
		w.buf, w.open = bytes.Clone(rest), true
	}
	rest := w.buf
	for !end {
		f, size := w.parse(w, rest)
		if size == 0 {
			break
		}
		var answer []byte
		answer, end = w.take(f)
		out = append(out, answer...)
		rest = rest[size:]
	}
	w.buf = bytes.Clone(rest)
	if !end && w.tooBig(w) {
		return w.fail(1009)
	}
	return out, end
}

// largest is the most bytes of a message, with the headers of its frames.
const largest = 1 << 20

// tooBig is asked when the frames that have arrived are answered. What is left belongs to one message.
func tooBig(w *webSocket) bool { return len(w.gather)+len(w.buf) > largest }

func (w *webSocket) handshake(head string) (out []byte, end bool) {
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Sec-WebSocket-Key") {
			return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\n"+
				"Upgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Accept: %s\r\n\r\n", w.accept(strings.TrimSpace(value))), false
		}
	}
	return answer("426 Upgrade Required", 0, nil), true
}

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// parseFrame returns the first frame in b and its size in b. The size is 0 if the frame isn't complete.
func parseFrame(w *webSocket, b []byte) (f frame, size int) {
	if len(b) < 2 {
		return f, 0
	}
	n, at := int(b[1]&0x7f), 2
	switch {
	case n == 126 && len(b) >= 4:
		n, at = int(binary.BigEndian.Uint16(b[2:])), 4
	case n == 127 && len(b) >= 10:
		n, at = int(binary.BigEndian.Uint64(b[2:])), 10
	case n > 125:
		return f, 0
	}
	f = frame{first: b[0], masked: b[1]&0x80 != 0}
	var key [4]byte
	if f.masked {
		at += copy(key[:], b[at:min(at+4, len(b))])
	}
	if n < 0 || len(b)-at < n || f.masked && at < 6 {
		return f, 0
	}
	f.payload = bytes.Clone(b[at : at+n])
	for i := range f.payload {
		f.payload[i] ^= key[i&3]
	}
	return f, at + n
}

// take answers a frame.
func (w *webSocket) take(f frame) (out []byte, end bool) {
	switch {
	case !f.masked && !w.unmasked:
		return w.fail(1002)
	case f.first&0xf >= closing:
		return w.control(w, f)
	}
	return w.message(w, f)
}

func control(w *webSocket, f frame) (out []byte, end bool) {
	switch opcode := f.first & 0xf; opcode {
	case ping:
		return w.frame(pong, f.payload), false
	case closing:
		switch {
		case len(f.payload) == 1:
			return w.fail(1002)
		case len(f.payload) > 2 && !utf8.Valid(f.payload[2:]):
			return w.fail(1007)
		}
		return w.frame(closing, f.payload[:min(2, len(f.payload))]), true
	}
	return nil, false
}

func message(w *webSocket, f frame) (out []byte, end bool) {
	if opcode := f.first & 0xf; opcode != more {
		w.opcode = opcode
	}
	w.gather = append(w.gather, f.payload...)
	if f.first&fin == 0 {
		return nil, false
	}
	whole := w.gather
	w.gather = nil
	if w.opcode == text && !w.any && !utf8.Valid(whole) {
		return w.fail(1007)
	}
	return w.frame(w.opcode, whole), false
}

func (w *webSocket) fail(code uint16) (out []byte, end bool) {
	return w.frame(closing, binary.BigEndian.AppendUint16(nil, code)), true
}

func serverFrame(opcode byte, payload []byte) []byte {
	b := []byte{fin | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
