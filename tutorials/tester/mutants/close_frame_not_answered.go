package main

// Chapter 11. The server answers a Close frame by closing the connection, without a Close frame
// of its own. The client sees code 1006, as if the server had crashed.
var _ = mutant("close-frame-not-answered", "closes the connection without a Close frame", func() *parts {
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
