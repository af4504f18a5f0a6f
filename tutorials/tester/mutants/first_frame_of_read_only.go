package main

// A tutorial (see echo-of-nuls) took one frame from the bytes of a read and dropped the rest. So of two
// messages in one write the second was lost.
var _ = mutant("first-frame-of-read-only", "if frames arrive together, it answers only the first", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.parse = func(w *webSocket, b []byte) (f frame, size int) {
			if f, size = parseFrame(w, b); size > 0 {
				size = len(b)
			}
			return f, size
		}
		return w
	}, each)
})
