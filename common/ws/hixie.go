package ws

import (
	"bytes"
	"math"
)

// The bytes around a text in the framing of hixie-75 and hixie-76, neither of which can stand in
// UTF-8 for anything but U+0000 (the first) or at all (the second).
const (
	hixieStart = 0x00
	hixieEnd   = 0xFF
)

// moreDigits is set in every byte of a length but its last; the other seven bits are a digit.
const moreDigits = 0x80

// HixieReader does for the framing of hixie-75 and hixie-76 (hybi-00) what Reader does for that of
// RFC 6455, and keeps the same law: cutting never changes meaning. The zero HixieReader is one of
// hixie-75 without a size limit.
//
// A frame's first byte is its type. Below 0x80 everything up to the next 0xFF belongs to it; type 0x00
// is a text, the others mean nothing and are skipped. From 0x80 on a length follows, in digits of seven
// bits, and as many bytes, which are skipped too. But hixie-76 gave one of these frames a meaning: type
// 0xFF with the length zero is the closing handshake.
type HixieReader struct {
	closes bool // FF 00 is a Close
	over   bool
	state  hixieState
	kind   byte  // of the frame that is skipped
	begun  bool  // a piece of the text has been given
	text   UTF8  // of the text under way
	limit  int64 // of size; 0: none
	size   int64 // of the frame so far; within its length and after it: the bytes announced and still to come
}

// hixieState is where in a frame a HixieReader stands.
type hixieState uint8

const (
	hixieBetween hixieState = iota // before a frame's type
	hixieText                      // after 0x00
	hixieUnknown                   // after a type of 0x01 to 0x7F: it ends with 0xFF
	hixieLength                    // after a type of 0x80 to 0xFF
	hixieSkip                      // after its length
)

// Init makes r ready for a connection's first frame. closes says that 0xFF 0x00 is the closing
// handshake, as it is from hixie-76 on. limit is the most bytes that a frame may have, 0 none.
func (r *HixieReader) Init(closes bool, limit int64) {
	*r = HixieReader{closes: closes, limit: limit}
}

// SetLimit replaces the limit that Init was given, for the messages that have not begun yet.
func (r *HixieReader) SetLimit(limit int64) { r.limit = limit }

// Next is as Reader.Next. Its events are NeedMore, Data (a text, always), CloseFrame with NoStatus, and
// Failed. No byte of p is changed: there is no masking.
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

// piece gives what p has of the text. The limit is passed, or the text is spoilt, at one certain byte,
// and so the bytes before the limit are looked at first, wherever p ends.
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

// room is how many bytes the frame may still have.
func (r *HixieReader) room() int64 {
	if r.limit <= 0 {
		return math.MaxInt64
	}
	return r.limit - r.size
}

// next goes back between two frames.
func (r *HixieReader) next() { *r = HixieReader{closes: r.closes, limit: r.limit} }

func (r *HixieReader) fail(err *Error) Event {
	*r = HixieReader{closes: r.closes, limit: r.limit, over: true}
	return Event{Kind: Failed, Code: err.Code, Err: err}
}

// HixieText reports whether p may stand in a frame of hixie: whether it is free of the byte that would
// end the frame. UTF-8 always is.
func HixieText(p []byte) bool { return bytes.IndexByte(p, hixieEnd) < 0 }

// AppendHixie appends a piece of a text, its first, its last, both or neither, and returns the extended
// slice. Of p HixieText must hold.
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

// AppendHixieClose appends the closing handshake of hixie-76. It has neither code nor reason.
func AppendHixieClose(dst []byte) []byte { return append(dst, 0xFF, 0x00) }
