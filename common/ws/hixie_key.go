package ws

import (
	"crypto/md5"
	"encoding/binary"
	"math"
)

// HixieBody is how many bytes follow the header fields of a hixie-76 handshake: the third of its keys.
const HixieBody = 8

// HixieNumber decodes a Sec-WebSocket-Key1 or -Key2: the digits in it make a number, and that is a
// multiple of the number of spaces in it; the quotient is the result. All else is there to be ignored.
// ok is false for a key that no client may send: without a space, with a remainder, or with more than
// 32 bits.
//
// The puzzle proves nothing about the client but that it is no browser's form: a page could send the
// fields of a handshake, but not such a key and eight bytes after the header fields.
func HixieNumber(key []byte) (n uint32, ok bool) {
	var number, spaces uint64
	for _, c := range key {
		switch {
		case c == ' ':
			spaces++
		case c >= '0' && c <= '9':
			if number = number*10 + uint64(c-'0'); number > math.MaxUint32 {
				return 0, false
			}
		}
	}
	if spaces == 0 || number%spaces != 0 {
		return 0, false
	}
	return uint32(number / spaces), true
}

// AppendHixieAnswer appends the 16 bytes that end the response to a hixie-76 handshake, the MD5 of both numbers in
// network byte order and the eight bytes of the third key, and returns the extended slice.
func AppendHixieAnswer(dst []byte, one, two uint32, body [HixieBody]byte) []byte {
	challenge := binary.BigEndian.AppendUint32(make([]byte, 0, 16), one)
	challenge = binary.BigEndian.AppendUint32(challenge, two)
	sum := md5.Sum(append(challenge, body[:]...))
	return append(dst, sum[:]...)
}
