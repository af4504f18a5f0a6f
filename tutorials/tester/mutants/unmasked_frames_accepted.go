package main

// Chapter 10. Masking looks useless, so this server accepts frames without a mask. Its purpose:
// without masks a page could make a browser send bytes that a proxy takes for a request.
var _ = mutant("unmasked-frames-accepted", "accepts frames without a mask", func() *parts {
	return base(func() proto {
		w := plainWebSocket()
		w.unmasked = true
		return w
	}, each)
})
