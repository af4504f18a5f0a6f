package main

import "slices"

// Chapter 13. The server adds a client to the room when the client's first message arrives. A
// client that only listens hears nothing.
var _ = mutant("member-after-first-message", "a client is no member until it has sent a message", func() *parts {
	r := newRoom()
	r.state = func(l *loop, fd int) *conn {
		c := r.enter(l, fd)
		c.proto.(*webSocket).accept = accept
		return c
	}
	r.spread = func(r *room, from *conn, frame []byte) []byte {
		if !slices.Contains(r.members, from) {
			r.members = append(r.members, from)
		}
		return spread(r, from, frame)
	}
	return r.parts
})
