package ws

import "unicode/utf8"

// MaxShort is the length of the longest payload, in bytes, that fits a header of two bytes (RFC 6455 5.2).
const MaxShort = maxControl

// Short is what Next would give for the frame that p begins with, if that is a whole message of at
// most MaxShort bytes sent to a server, lies whole in p, and has no mark of an extension. Of a busy
// connection that is nearly every frame, and it costs a third of Next. n is the size of the frame,
// and 0 where Next has to be asked: for all other frames, and for those that break a rule.
func (r *Reader) Short(p []byte) (op Opcode, payload []byte, n int) {
	const header = 2 + 4
	if len(p) < header || r.held != 0 || r.opcode != 0 || r.over || r.role != Server {
		return 0, nil, 0
	}
	op = Opcode(p[0] &^ finBit) // and the reserved bits, which are no opcode's
	n = header + int(p[1]&^maskBit)
	if p[0] < finBit || p[1] < maskBit || op != Text && op != Binary || n > header+MaxShort || n > len(p) ||
		r.limit > 0 && int64(n-header) > r.limit {
		return 0, nil, 0
	}
	key := [4]byte(p[2:])
	payload = p[header:n:n]
	Mask(key, 0, payload)
	if op == Text && !utf8.Valid(payload) {
		Mask(key, 0, payload) // as it came, for Next to judge
		return 0, nil, 0
	}
	return op, payload, n
}

// AppendShort appends an unmasked frame that is a whole message, and returns the extended slice. Its
// payload has at most MaxShort bytes.
func AppendShort(dst []byte, op Opcode, payload []byte) []byte {
	return append(append(dst, finBit|byte(op), byte(len(payload))), payload...)
}
