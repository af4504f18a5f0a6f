package main

// Chapter 13. A SIGTERM ends the process without a Close frame. The members see code 1006, as if
// the server had crashed, and don't know whether to come back.
var _ = mutant("no-close-on-sigterm", "ends on SIGTERM without a Close frame", func() *parts {
	r := newRoom()
	r.quit = func() {}
	return r.parts
})
