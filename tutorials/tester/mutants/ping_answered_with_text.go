package main

// A tutorial (see echo-of-nuls) answered a Ping with an empty text frame, which a browser gives to the
// page as a message.
var _ = mutant("ping-answered-with-text", "answers a Ping with an empty message", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.control = func(w *webSocket, f frame) (out []byte, end bool) {
			if f.first&0xf == ping {
				return w.frame(text, nil), false
			}
			return control(w, f)
		}
		return w
	}, each)
})
