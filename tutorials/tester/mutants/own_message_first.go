package main

// Chapter 13. The server sends a message back to its sender immediately, and to the other members
// when it has served all connections that were ready. If two members send at the same time, each sees its
// own message first: the room has two orders.
var _ = mutant("own-message-first", "sends a message back to its sender before it orders all messages", func() *parts {
	r := newRoom()
	var later []func()
	r.spread = func(r *room, from *conn, frame []byte) []byte {
		later = append(later, func() { spread(r, from, frame) })
		return frame
	}
	r.served = func(*loop) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, f := range later {
			f()
		}
		later = nil
		r.sendOthers(nil)
	}
	return r.parts
})
