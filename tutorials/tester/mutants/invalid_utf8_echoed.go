package main

// Chapter 10 (planned). The server passes on text of any bytes. A browser that receives it
// fails its connection, and so somebody else suffers.
var _ = mutant("invalid-utf8-echoed", "text that is no UTF-8 is sent back", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.any = true
		return w
	}, each)
})
