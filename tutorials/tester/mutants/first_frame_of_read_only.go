package main

// The same tutorial took one frame from what a read brought, and forgot the
// rest: of two messages in one write the second was lost.
var _ = mutant("first-frame-of-read-only", "of frames that come together only the first is answered", func() *parts {
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
