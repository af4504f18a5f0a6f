package ws

import "unicode/utf8"

// UTF8 checks a text that comes in pieces, which may be cut inside a character. Its zero value
// stands before the first byte of a text.
//
// Its state is the sequence that is open: how many bytes it lacks, and the range that the next of
// them must lie in. Only the byte after the first has a range of its own; this is where overlong
// forms, surrogates and everything above U+10FFFF are refused (RFC 3629 section 4).
type UTF8 struct {
	lacks, low, high byte
}

// Valid feeds p. It returns false if p holds a byte that can't follow what came before, even if
// its character is not yet whole. After that every further byte is refused too.
func (u *UTF8) Valid(p []byte) bool {
	for u.lacks > 0 && len(p) > 0 {
		if !u.step(p[0]) {
			return false
		}
		p = p[1:]
	}
	whole := len(p) - tail(p)
	if !utf8.Valid(p[:whole]) {
		return u.refuse()
	}
	for _, b := range p[whole:] {
		if !u.step(b) {
			return false
		}
	}
	return true
}

// Complete reports whether the text may end here: no sequence is open.
func (u *UTF8) Complete() bool { return u.lacks == 0 }

// tail returns the size of the last sequence of p if it is multi-byte and may be incomplete: one
// that begins in the last three bytes. Before it p holds whole characters or is wrong.
func tail(p []byte) int {
	for n := 1; n <= min(3, len(p)); n++ {
		switch b := p[len(p)-n]; {
		case b < 0x80:
			return 0
		case utf8.RuneStart(b):
			return n
		}
	}
	return 0
}

func (u *UTF8) step(b byte) bool {
	if u.lacks > 0 {
		if b < u.low || b > u.high {
			return u.refuse()
		}
		if u.lacks--; u.lacks == 0 {
			*u = UTF8{}
			return true
		}
		u.low, u.high = 0x80, 0xBF
		return true
	}
	switch {
	case b < 0x80:
	case b < 0xC2: // a continuation byte, or the start of an overlong form of ASCII
		return u.refuse()
	case b < 0xE0:
		*u = UTF8{1, 0x80, 0xBF}
	case b == 0xE0:
		*u = UTF8{2, 0xA0, 0xBF}
	case b == 0xED: // after it 0xA0 begins the surrogates
		*u = UTF8{2, 0x80, 0x9F}
	case b < 0xF0:
		*u = UTF8{2, 0x80, 0xBF}
	case b == 0xF0:
		*u = UTF8{3, 0x90, 0xBF}
	case b < 0xF4:
		*u = UTF8{3, 0x80, 0xBF}
	case b == 0xF4:
		*u = UTF8{3, 0x80, 0x8F}
	default:
		return u.refuse()
	}
	return true
}

// refuse leaves a sequence open that no byte can go on with.
func (u *UTF8) refuse() bool {
	*u = UTF8{lacks: 1, low: 1, high: 0}
	return false
}
