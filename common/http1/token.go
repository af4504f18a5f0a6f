package http1

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// The sets of bytes. A byte can be in several of them.
const (
	inToken   = 1 << iota // RFC 9110 5.6.2: tchar
	inValue               // RFC 9110 5.5: field-vchar, SP, HTAB
	inTarget              // visible ASCII except "#": see doc.go
	inHost                // RFC 3986 3.2.2: unreserved, sub-delims
	inIPv6                // RFC 3986 3.2.2: IPv6address
	inDigit               // RFC 5234 B.1: DIGIT
	inHex                 // RFC 5234 2.3: HEXDIG, in either case
	inSpecial             // the first byte of an escape, a query or a dot segment
)

// class has the sets of each byte. It is the only place that lists characters.
var class = classes()

func classes() (t [256]uint8) {
	for c := 0x21; c <= 0x7e; c++ {
		t[c] |= inValue | inTarget
	}
	for c := 0x80; c <= 0xff; c++ {
		t[c] |= inValue // obs-text
	}
	t[' '] |= inValue
	t['\t'] |= inValue
	t['#'] &^= inTarget

	mark := func(set string, bits uint8) {
		for i := range len(set) {
			t[set[i]] |= bits
		}
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark("0123456789", inToken|inHost|inIPv6|inDigit|inHex)
	mark(letters, inToken|inHost)
	mark("ABCDEFabcdef", inIPv6|inHex)
	mark(":.", inIPv6)
	mark("!#$%&'*+-.^_`|~", inToken)
	mark("%?.", inSpecial)
	mark("-._~"+"!$&'()*+,;=", inHost)
	return t
}

// span is a part of the head, as offsets. So it stays valid when the head moves to another buffer.
type span struct{ from, to int }

// all reports whether every byte of b is in the set. It is true for an empty b.
func all(b []byte, set uint8) bool {
	for _, c := range b {
		if class[c]&set == 0 {
			return false
		}
	}
	return true
}

// isValue is all(b, inValue), but checks eight bytes at a time, because values are the greater part
// of a head. A byte outside the set is DEL, or is below SP and not HTAB.
func isValue(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ 0x7f*ones
		if ((w-0x20*ones)&^w|(del-ones)&^del)&tops != 0 && !all(b[:8], inValue) {
			return false
		}
	}
	return all(b, inValue)
}

// isToken implements RFC 9110 5.6.2: token = 1*tchar.
func isToken(b []byte) bool { return len(b) > 0 && all(b, inToken) }

// trim removes optional white space (OWS) from both ends of a part of the head. OWS is SP and HTAB
// only (RFC 9110 5.6.3).
func (s span) trim(head []byte) span {
	for s.from < s.to && blank(head[s.from]) {
		s.from++
	}
	for s.from < s.to && blank(head[s.to-1]) {
		s.to--
	}
	return s
}

func trim(b []byte) []byte {
	s := span{0, len(b)}.trim(b)
	return b[s.from:s.to]
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// members iterates over a comma-separated list (RFC 9110 5.6.1). It yields empty members too.
func members(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for more := true; more; {
			var member []byte
			if member, list, more = bytes.Cut(list, comma); !yield(trim(member)) {
				return
			}
		}
	}
}

var (
	comma     = []byte{','}
	semicolon = []byte{';'}
)

// fold compares two names and ignores the case of ASCII letters. bytes.EqualFold isn't used because
// it treats the Kelvin sign as a k. If only some readers of a request recognize a name, a client
// can use it to smuggle requests.
func fold(b []byte, s string) bool { return len(b) == len(s) && sameLetters(b, s) }

// EqualFold reports whether b and s are equal if the case of ASCII letters is ignored.
func EqualFold(b []byte, s string) bool { return fold(b, s) }

// sameLetters is fold for two names of the same length. Most names differ in length: fold checks
// that first, and is small enough to be inlined.
func sameLetters(b []byte, s string) bool {
	for i, c := range b {
		if c != s[i] && lower(c) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// unhex returns the value of a byte that is inHex.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
