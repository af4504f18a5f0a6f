package ws

import "unicode/utf8"

// UTF8 checks a text that arrives in pieces, which may be cut inside a character. Its zero value is
// ready for the first byte of a text.
//
// Its state is the byte sequence of the character that is incomplete: how many bytes are missing,
// and the range of the next byte. Only the second byte of a sequence has a range that depends on
// the first byte. That range excludes overlong forms, surrogates and everything above U+10FFFF (RFC
// 3629 section 4).
type UTF8 struct {
	lacks, low, high byte
}

// Valid checks p, the next piece of the text. It returns false if p has a byte that can't follow
// the bytes before it, even if that byte's character isn't complete. After that every further byte
// is invalid too.
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

// Complete reports whether the text may end here: none of its characters is incomplete.
func (u *UTF8) Complete() bool { return u.lacks == 0 }

// tail returns the size in bytes of the last character of p if it may be incomplete, which is a
// multi-byte character that begins in the last three bytes, and otherwise 0. Before that character,
// p has only complete characters, or is invalid.
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

// refuse sets a state in which no byte is valid.
func (u *UTF8) refuse() bool {
	*u = UTF8{lacks: 1, low: 1, high: 0}
	return false
}
