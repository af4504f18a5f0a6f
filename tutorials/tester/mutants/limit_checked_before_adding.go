package main

// Chapter 12. The server adds a frame to a message when the frame has arrived. It asks before that whether
// the message is too big already. A message of many fragments is refused, but a frame of any size is kept.
var _ = mutant("limit-checked-before-adding", "collects a frame of any size", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.tooBig = func(w *webSocket) bool { return len(w.gather) > largest }
		return w
	}, reactor)
})
