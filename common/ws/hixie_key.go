package ws

import (
	"crypto/md5"
	"encoding/binary"
	"math"
)

// HixieBody is the number of bytes after the header fields of a hixie-76 handshake. They are the
// third key of the handshake.
const HixieBody = 8

// HixieNumber decodes a Sec-WebSocket-Key1 or -Key2. The digits in the key form a number, which
// must be a multiple of the number of spaces in the key. The result is their quotient. Other
// characters are ignored. ok is false if the key has no space, if the division has a remainder, or
// if the number has more than 32 bits.
//
// The puzzle proves only that the client isn't a form on a web page. A form could send the fields
// of a handshake, but not such a key, and not eight bytes after the header fields.
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

// AppendHixieAnswer appends the last 16 bytes of the response to a hixie-76 handshake, and returns
// the extended slice. They are the MD5 hash of both numbers in network byte order and the eight
// bytes of the third key.
func AppendHixieAnswer(dst []byte, one, two uint32, body [HixieBody]byte) []byte {
	challenge := binary.BigEndian.AppendUint32(make([]byte, 0, 16), one)
	challenge = binary.BigEndian.AppendUint32(challenge, two)
	sum := md5.Sum(append(challenge, body[:]...))
	return append(dst, sum[:]...)
}
