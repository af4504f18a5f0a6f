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

// Rsv1 is the RSV1 bit in Header.Rsv. It marks a compressed message (RFC 7692 6).
const Rsv1 byte = rsv1Bit

// maxControl is RFC 6455 5.5's limit for the payload of a control frame.
const maxControl = 125

// Header is the beginning of a frame, before its payload (RFC 6455 5.2).
type Header struct {
	Fin    bool // the last frame of its message
	Rsv    byte // RSV1, RSV2 and RSV3 at their places in the first byte: 0x40, 0x20, 0x10
	Opcode Opcode
	Masked bool // the payload is XORed with Key
	Key    [4]byte
	Length int64 // of the payload, in bytes; never negative
}

// ParseHeader parses the header at the beginning of p and returns its size n in bytes. If n is 0
// and err is nil, ParseHeader needs more bytes, and h has no meaning.
//
// It checks the rules that concern one header alone, and fails at the first byte after which no
// further bytes could make the header valid. It doesn't check the reserved bits and the mask bit:
// which values are allowed depends on the sender and on what was negotiated. Reader checks these.
//
// A header has 2, 4 or 10 bytes, and 4 more for the masking key. The second byte says how many. So
// the two bytes are parsed first, then the longer forms of the length, then the key. ParseHeader
// keeps no state: if the header isn't complete, the caller calls again with the same bytes and
// further ones.
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
	// A length of 126 or 127 isn't the length: it says that the length follows in 2 or 8 bytes.
	// Then a control frame is too long already, whatever the length is.
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

// checkFirst checks the rules that concern only the first byte of a header.
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

// parseLength parses the two long forms of the length. n is the offset in p where the length ends,
// or 0 if the length isn't complete or is invalid.
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
	// The first of the eight bytes has the sign bit. If the first six are zero, 16 bits would have
	// been enough. Both are checked as soon as these bytes are there, so that a cut changes
	// nothing.
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

// AppendHeader appends the bytes of h, with the length in its shortest form, and returns the
// extended slice. It doesn't check whether h is legal. It ignores Key unless Masked is set, and
// drops bits of Rsv and Opcode that have no place in the header. Length must not be negative.
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

// AppendFrame appends a whole frame and returns the extended slice. The frame has the length of
// payload; h.Length is ignored. If h.Masked is set, AppendFrame masks the copy and not payload.
//
// A client must choose a new Key for each frame from a source that nobody can predict (RFC 6455
// 5.3). This package has no such source.
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
