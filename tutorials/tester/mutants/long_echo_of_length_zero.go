package main

// A tutorial (see echo-of-nuls) announced a length of 0 for an echo of 126 bytes or more, because it never
// wrote the 16-bit form of a frame's length.
var _ = mutant("long-echo-of-length-zero", "announces length 0 for an echo of 126 bytes or more", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.frame = func(opcode byte, payload []byte) []byte {
			if len(payload) < 126 {
				return serverFrame(opcode, payload)
			}
			return append([]byte{fin | opcode, 0}, payload...)
		}
		return w
	}, each)
})
