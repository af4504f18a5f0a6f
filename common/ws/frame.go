package ws

import (
	"encoding/binary"
	"strconv"
)

// Opcode says what a frame carries (RFC 6455 5.2). It is four bits wide on the wire.
type Opcode byte

// The opcodes that RFC 6455 defines (11.8). All others are reserved.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// Control reports whether op is one of the control opcodes, reserved ones included.
func (op Opcode) Control() bool { return op&0x8 != 0 }

// String returns the opcode's name, for logs and tests.
func (op Opcode) String() string {
	switch op {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "opcode " + strconv.Itoa(int(op))
}

// The bits of a header's first two bytes.
const (
	finBit     = 0x80
	rsvBits    = 0x70
	rsv1Bit    = 0x40
	opcodeBits = 0x0F
	maskBit    = 0x80
	lengthBits = 0x7F
)

// MaxHeader is the length of the longest header in bytes: a 64-bit length and
// a masking key.
const MaxHeader = 2 + 8 + 4

// Rsv1 is RSV1 as Header.Rsv has it: the mark of a compressed message (RFC 7692 6).
const Rsv1 byte = rsv1Bit

// maxControl is RFC 6455 5.5's limit for the payload of a control frame.
const maxControl = 125

// Header is what stands in front of a frame's payload (RFC 6455 5.2).
type Header struct {
	Fin    bool // the last frame of its message
	Rsv    byte // RSV1, RSV2 and RSV3 where they stand in the first byte: 0x40, 0x20, 0x10
	Opcode Opcode
	Masked bool // the payload is XORed with Key
	Key    [4]byte
	Length int64 // of the payload, in bytes; never negative
}

// ParseHeader parses the header that p begins with and returns its size n. While n is 0 and err
// is nil more bytes are needed, and h means nothing.
//
// It checks what one frame can violate by itself, and fails at the first byte that no further byte
// can make good. The reserved bits and the mask bit depend on the sender and on what was
// negotiated: they are returned, not checked.
func ParseHeader(p []byte) (h Header, n int, err *Error) {
	if len(p) == 0 {
		return h, 0, nil
	}
	if err := checkFirst(p[0]); err != nil {
		return h, 0, err
	}
	if len(p) < 2 {
		return h, 0, nil
	}
	h.Fin = p[0]&finBit != 0
	h.Rsv = p[0] & rsvBits
	h.Opcode = Opcode(p[0] & opcodeBits)
	h.Masked = p[1]&maskBit != 0
	h.Length = int64(p[1] & lengthBits)
	n = 2
	if h.Length > maxControl {
		if h.Opcode.Control() {
			return h, 0, ErrControlLong
		}
		if h.Length, n, err = parseLength(p); n == 0 {
			return h, 0, err
		}
	}
	if h.Masked {
		if len(p) < n+4 {
			return h, 0, nil
		}
		h.Key = [4]byte(p[n:])
		n += 4
	}
	return h, n, nil
}

// checkFirst checks a header's first byte as far as it can be checked alone.
func checkFirst(b byte) *Error {
	op := Opcode(b & opcodeBits)
	switch {
	case op > Binary && op < Close, op > Pong:
		return ErrOpcode
	case op.Control() && b&finBit == 0:
		return ErrControlFragmented
	}
	return nil
}

// parseLength reads the two long forms of the length. n is where the length ends, 0 as long as it
// is not whole or if it is wrong.
//
// RFC 6455 5.2: "the minimal number of bytes MUST be used to encode the length", and of the
// 64-bit form "the most significant bit MUST be 0".
func parseLength(p []byte) (length int64, n int, err *Error) {
	if p[1]&lengthBits == 126 {
		if len(p) < 4 {
			return 0, 0, nil
		}
		v := binary.BigEndian.Uint16(p[2:])
		if v <= maxControl {
			return 0, 0, ErrLengthForm
		}
		return int64(v), 4, nil
	}
	// The sign shows in the first of the eight bytes, a short value in the first six.
	if len(p) > 2 && p[2]&0x80 != 0 {
		return 0, 0, ErrLengthSign
	}
	if len(p) >= 8 && binary.BigEndian.Uint16(p[2:]) == 0 && binary.BigEndian.Uint32(p[4:]) == 0 {
		return 0, 0, ErrLengthForm
	}
	if len(p) < 10 {
		return 0, 0, nil
	}
	return int64(binary.BigEndian.Uint64(p[2:])), 10, nil
}

// AppendHeader appends h as it goes over the wire, the length in its shortest form, and returns
// the extended slice. It does not ask whether h is legal: Key is ignored unless Masked is set, bits
// outside their fields are dropped, and a negative Length is the caller's mistake.
func AppendHeader(dst []byte, h Header) []byte {
	first := h.Rsv&rsvBits | byte(h.Opcode)&opcodeBits
	if h.Fin {
		first |= finBit
	}
	var second byte
	if h.Masked {
		second = maskBit
	}
	switch {
	case h.Length <= 125:
		dst = append(dst, first, second|byte(h.Length))
	case h.Length <= 0xFFFF:
		dst = append(dst, first, second|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(h.Length))
	default:
		dst = append(dst, first, second|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(h.Length))
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

// AppendFrame appends a whole frame and returns the extended slice. The length is that of payload,
// whatever h.Length says. If h.Masked is set the copy is masked; payload itself is only read.
//
// A client has to take a new Key for each frame from a source that nobody can predict (RFC 6455
// 5.3); this package has none.
func AppendFrame(dst []byte, h Header, payload []byte) []byte {
	h.Length = int64(len(payload))
	dst = AppendHeader(dst, h)
	start := len(dst)
	dst = append(dst, payload...)
	if h.Masked {
		Mask(h.Key, 0, dst[start:])
	}
	return dst
}
