package main

// Chapter 10 (planned). Text of any bytes is passed on. The next who reads it is a browser,
// which fails the connection of somebody else.
var _ = mutant("C10c", "text that is no UTF-8 is sent back", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.any = true
		return w
	}, each)
})
