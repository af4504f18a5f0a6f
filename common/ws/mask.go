package ws

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
)

// Mask XORs p in place with key. pos is the offset of p[0] in the frame's payload, so a payload can
// be masked piece by piece. The same call unmasks, because a second XOR with the same key restores
// p.
//
// RFC 6455 5.3: "The same algorithm applies regardless of the direction of the translation".
func Mask(key [4]byte, pos int64, p []byte) {
	// In little-endian order the key's next byte is the word's lowest one.
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(pos&3))
	word := uint64(k)<<32 | uint64(k)
	if len(p) >= wide {
		p = maskWide(word, p)
	}
	for len(p) >= 32 { // four words in each pass: the loop costs more time than the XOR
		xor(p[0:8], word)
		xor(p[8:16], word)
		xor(p[16:24], word)
		xor(p[24:32], word)
		p = p[32:]
	}
	for len(p) >= 8 {
		xor(p[0:8], word)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(word >> (8 * i))
	}
}

func xor(p []byte, word uint64) {
	binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^word)
}

// wide is the number of bytes from which on maskWide is faster. maskWide first has to fill a buffer
// with copies of the key.
const wide = 4 << 10

// maskWide masks p except its last bytes, less than a kibibyte, and returns these. It uses the
// vector instructions of the processor: package subtle has them, and the compiler doesn't generate
// them.
func maskWide(word uint64, p []byte) []byte {
	var pad [1 << 10]byte
	binary.LittleEndian.PutUint64(pad[:], word)
	for n := 8; n < len(pad); n *= 2 {
		copy(pad[n:], pad[:n])
	}
	for len(p) >= len(pad) {
		subtle.XORBytes(p, p[:len(pad)], pad[:])
		p = p[len(pad):]
	}
	return p
}
