package main

// Chapter 11. The server takes each frame for a message, and a continuation frame for a text
// message.
var _ = mutant("fragments-answered-as-messages", "answers each fragment like a message", func() *parts {
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
