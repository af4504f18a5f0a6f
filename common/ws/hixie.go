package ws

import (
	"bytes"
	"math"
)

// The bytes around a text in the framing of hixie-75 and hixie-76. In UTF-8, hixieStart is always
// U+0000, and hixieEnd never occurs.
const (
	hixieStart = 0x00
	hixieEnd   = 0xFF
)

// moreDigits is set in every byte of a length except the last. The other seven bits are a digit.
const moreDigits = 0x80

// HixieReader is what Reader is, for the framing of hixie-75 and hixie-76 (hybi-00). It has the
// same most important rule: a cut never changes the meaning. The zero HixieReader reads hixie-75
// without a size limit.
//
// The first byte of a frame is its type. A frame whose type is below 0x80 ends with the next 0xFF.
// If its type is 0x00, it is a text. The other types have no meaning, and their frames are skipped.
// If the type is 0x80 or more, a length follows in digits of seven bits, and then that number of
// bytes. These frames are skipped too. There is one exception: in hixie-76 a frame with type 0xFF
// and length zero is the closing handshake.
type HixieReader struct {
	closes bool // FF 00 is the closing handshake
	over   bool
	state  hixieState
	kind   byte  // type of the frame that is skipped
	begun  bool  // the caller has got a piece of the text
	text   UTF8  // of the current text
	limit  int64 // of size; 0: none
	size   int64 // bytes of the frame so far; of a frame with a length: the bytes that haven't arrived
}

// hixieState is the part of a frame that a HixieReader reads next.
type hixieState uint8

const (
	hixieBetween hixieState = iota // before a frame's type
	hixieText                      // after 0x00
	hixieUnknown                   // after a type of 0x01 to 0x7F: it ends with 0xFF
	hixieLength                    // after a type of 0x80 to 0xFF
	hixieSkip                      // after its length
)

// Init makes r ready for a connection's first frame. closes is true for hixie-76, in which 0xFF
// 0x00 is the closing handshake. limit is the most bytes that a frame may have; 0 is no limit.
func (r *HixieReader) Init(closes bool, limit int64) {
	*r = HixieReader{closes: closes, limit: limit}
}

// SetLimit replaces the limit for messages that have not begun yet.
func (r *HixieReader) SetLimit(limit int64) { r.limit = limit }

// Next does what Reader.Next does. Its events are NeedMore, Data, which is always text, CloseFrame
// with NoStatus, and Failed. It doesn't change p, because hixie frames are not masked.
func (r *HixieReader) Next(p []byte) (ev Event, n int) {
	for n < len(p) && !r.over {
		var k int
		switch r.state {
		case hixieBetween:
			k = r.begin(p[n])
		case hixieText:
			ev, k = r.piece(p[n:])
		case hixieUnknown:
			ev, k = r.unknown(p[n:])
		case hixieLength:
			ev, k = r.digit(p[n])
		case hixieSkip:
			k = r.skip(p[n:])
		}
		n += k
		if ev.Kind == Failed {
			return ev, len(p)
		}
		if ev.Kind != NeedMore {
			return ev, n
		}
	}
	return Event{}, len(p)
}

func (r *HixieReader) begin(kind byte) int {
	switch {
	case kind == hixieStart:
		r.state = hixieText
	case kind < 0x80:
		r.state = hixieUnknown
	default:
		r.state, r.kind = hixieLength, kind
	}
	return 1
}

// piece returns the piece of the text that is in p. If the text is both invalid and too big, the
// earlier of the two bytes decides. So piece checks the bytes within the limit first, and the
// result doesn't depend on where p ends.
func (r *HixieReader) piece(p []byte) (Event, int) {
	end := bytes.IndexByte(p, hixieEnd)
	last := end >= 0
	if last {
		p = p[:end]
	}
	room := r.room()
	if !r.text.Valid(p[:min(int64(len(p)), room)]) {
		return r.fail(ErrInvalidPayload), 0
	}
	if int64(len(p)) > room {
		return r.fail(ErrMessageTooBig), 0
	}
	if last && !r.text.Complete() {
		return r.fail(ErrInvalidPayload), 0
	}
	ev := Event{Kind: Data, Opcode: Text, First: !r.begun, Last: last, Payload: p}
	if last {
		r.next()
		return ev, end + 1
	}
	r.size += int64(len(p))
	r.begun = true
	return ev, len(p)
}

func (r *HixieReader) unknown(p []byte) (Event, int) {
	n := bytes.IndexByte(p, hixieEnd)
	ended := n >= 0
	if !ended {
		n = len(p)
	}
	if int64(n) > r.room() {
		return r.fail(ErrMessageTooBig), 0
	}
	if ended {
		r.next()
		return Event{}, n + 1
	}
	r.size += int64(n)
	return Event{}, n
}

// digit processes a byte of the length. A length may have any number of leading zeros.
// size is the length so far; afterwards skip counts it down.
func (r *HixieReader) digit(b byte) (Event, int) {
	most := r.limit
	if most <= 0 {
		most = math.MaxInt64
	}
	d := int64(b &^ moreDigits)
	if d > most || r.size > (most-d)>>7 {
		return r.fail(ErrMessageTooBig), 0
	}
	r.size = r.size<<7 + d
	switch {
	case b&moreDigits != 0:
	case r.size > 0:
		r.state = hixieSkip
	case r.closes && r.kind == hixieEnd:
		*r = HixieReader{closes: r.closes, limit: r.limit, over: true}
		return Event{Kind: CloseFrame, Code: NoStatus}, 1
	default:
		r.next()
	}
	return Event{}, 1
}

func (r *HixieReader) skip(p []byte) int {
	n := min(r.size, int64(len(p)))
	if r.size -= n; r.size == 0 {
		r.next()
	}
	return int(n)
}

// room is the number of bytes that the frame may still have.
func (r *HixieReader) room() int64 {
	if r.limit <= 0 {
		return math.MaxInt64
	}
	return r.limit - r.size
}

// next makes r ready for the next frame.
func (r *HixieReader) next() { *r = HixieReader{closes: r.closes, limit: r.limit} }

func (r *HixieReader) fail(err *Error) Event {
	*r = HixieReader{closes: r.closes, limit: r.limit, over: true}
	return Event{Kind: Failed, Code: err.Code, Err: err}
}

// HixieText reports whether a hixie frame may contain p: whether p is without the byte 0xFF, which
// would end the frame. UTF-8 never has that byte.
func HixieText(p []byte) bool { return bytes.IndexByte(p, hixieEnd) < 0 }

// AppendHixie appends a piece of a text, and returns the extended slice. first and last report
// whether p is the first or the last piece; the whole text is both. HixieText(p) must be true.
func AppendHixie(dst, p []byte, first, last bool) []byte {
	if first {
		dst = append(dst, hixieStart)
	}
	dst = append(dst, p...)
	if last {
		dst = append(dst, hixieEnd)
	}
	return dst
}

// AppendHixieClose appends the closing handshake of hixie-76, which has no code and no reason.
func AppendHixieClose(dst []byte) []byte { return append(dst, 0xFF, 0x00) }
