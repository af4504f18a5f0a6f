package main

// Chapter 11. The server sends text messages on without checking their bytes. A browser that
// receives invalid UTF-8 fails its connection, so in a chat one client's mistake disconnects the others.
var _ = mutant("invalid-utf8-echoed", "sends text back that isn't UTF-8", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.any = true
		return w
	}, each)
})
