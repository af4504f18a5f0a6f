package main

// Chapter 14. On SIGTERM the server closes its listener, and serves the clients that it has accepted to the
// end. The clients in the backlog are connected, too, and have sent their requests. They get a RST.
var _ = mutant("queue-dropped-at-close", "on SIGTERM it resets the clients that wait in the backlog", func() *parts {
	s := newShards()
	s.drain = func(*shards) {}
	return s.parts
})
