package main

// A tutorial's echo had the right length, but only NULs: the tutorial unmasked the bytes into one buffer
// and sent another one.
var _ = mutant("echo-of-nuls", "its echo has the right length, but only NULs", func() *parts {
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
