package main

// A tutorial's echo has the right length, and NULs in place of the bytes:
// they were unmasked into one buffer and sent from another.
var _ = mutant("echo-of-nuls", "an echo of NULs", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.frame = func(opcode byte, payload []byte) []byte {
			if opcode < closing {
				payload = make([]byte, len(payload))
			}
			return serverFrame(opcode, payload)
		}
		return w
	}, each)
})
