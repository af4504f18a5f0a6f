package main

// Chapter 10 (planned). A Close is answered by the end of the connection alone, which for the
// client is 1006: as if the server had crashed.
var _ = mutant("C10b", "a Close is answered by hanging up", func() *parts {
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
