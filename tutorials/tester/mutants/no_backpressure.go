package main

import "golang.org/x/sys/unix"

// A library's echo reads on while its client doesn't: 120 MB went in, and
// the process had grown by 119 MB. Non-blocking writes are not backpressure:
// somebody has to stop reading.
var _ = mutant("no-backpressure", "keeps everything for a client that doesn't read", func() *parts {
	s := base(newWebSocket, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLIN }
	return s
})
