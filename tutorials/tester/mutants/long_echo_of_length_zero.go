package main

// The same tutorial's echo of 126 bytes and more announces a length of 0,
// because the second form of a frame's length was written to nowhere.
var _ = mutant("long-echo-of-length-zero", "an echo of 126 bytes or more announces none", func() *parts {
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
