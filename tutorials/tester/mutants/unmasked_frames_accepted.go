package main

// Chapter 9 (planned). Masking looks like decoration, and so this server takes frames
// without it. It is there because a page could otherwise make a browser send what
// a proxy takes for a request.
var _ = mutant("unmasked-frames-accepted", "takes frames without a mask", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.unmasked = true
		return w
	}, each)
})
