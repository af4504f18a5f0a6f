package ws

import "unicode/utf8"

// MaxShort is the length of the longest payload, in bytes, that fits a header of two bytes (RFC
// 6455 5.2).
const MaxShort = maxControl

// Short does the work of Next for the most common frame: a whole message of at most MaxShort bytes
// from a client, all of it in p, without RSV bits. On a busy connection nearly every frame is like
// that, and Short takes a third of the time of Next. n is the size of the frame. If n is 0, Short
// has done nothing, and the caller must call Next: the frame is of another kind, or breaks a rule.
// So every rule is judged in one place, in Next.
func (r *Reader) Short(p []byte) (op Opcode, payload []byte, n int) {
	const header = 2 + 4
	if len(p) < header || r.held != 0 || r.opcode != 0 || r.over || r.role != Server {
		return 0, nil, 0
	}
	// op keeps the reserved bits. If one is set, op is neither Text nor Binary, so one comparison
	// below checks both. In the same way a length of 126 or 127 gives an n that is too large.
	op = Opcode(p[0] &^ finBit)
	n = header + int(p[1]&^maskBit)
	if p[0] < finBit || p[1] < maskBit || op != Text && op != Binary || n > header+MaxShort || n > len(p) ||
		r.limit > 0 && int64(n-header) > r.limit {
		return 0, nil, 0
	}
	key := [4]byte(p[2:])
	payload = p[header:n:n]
	Mask(key, 0, payload)
	if op == Text && !utf8.Valid(payload) {
		Mask(key, 0, payload) // restores the bytes for Next, which unmasks them again
		return 0, nil, 0
	}
	return op, payload, n
}

// AppendShort appends an unmasked frame that is a whole message, and returns the extended slice.
// The payload must not have more than MaxShort bytes.
func AppendShort(dst []byte, op Opcode, payload []byte) []byte {
	return append(append(dst, finBit|byte(op), byte(len(payload))), payload...)
}
