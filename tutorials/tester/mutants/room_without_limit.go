package main

// Chapter 13. The server keeps every message until the last member has got it. A member that never
// reads costs as much memory as the others can send.
var _ = mutant("room-without-limit", "keeps every message for a member that doesn't read", func() *parts {
	r := newRoom()
	r.send = func(r *room, m *conn) { r.loop.settle(m) }
	return r.parts
})
