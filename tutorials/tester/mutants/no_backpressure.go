package main

import "golang.org/x/sys/unix"

// A library's echo went on reading while its client didn't read: the client sent 120 MB, and the process
// grew by 119 MB. Non-blocking writes alone are no backpressure: the server must stop reading.
var _ = mutant("no-backpressure", "keeps everything for a client that doesn't read", func() *parts {
	s := base(newWebSocket, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLIN }
	return s
})
