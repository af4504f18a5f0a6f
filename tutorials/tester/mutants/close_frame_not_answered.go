package main

// Chapter 10 (planned). The server answers a Close by closing the connection, without a Close of its own.
// For the client that is 1006, as if the server had crashed.
var _ = mutant("close-frame-not-answered", "a Close is answered by hanging up", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.control = func(w *webSocket, f frame) (out []byte, end bool) {
			if f.first&0xf == closing {
				return nil, true
			}
			return control(w, f)
		}
		return w
	}, each)
})
