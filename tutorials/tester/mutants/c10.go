package main

// Chapter 10 (planned). Each frame is taken for a message, a continuation for one of text.
var _ = mutant("C10", "each fragment is answered as a message", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.any = true
		w.message = func(w *webSocket, f frame) (out []byte, end bool) {
			f.first |= fin
			return message(w, f)
		}
		return w
	}, each)
})
