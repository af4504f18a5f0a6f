package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Chapter 12. The server disconnects a client with too many unsent answers. That protects all others, and
// is right for a client that can ask again for what it has missed. An echo's client can't.
var _ = mutant("slow-reader-disconnected", "disconnects a client that reads late", func() *parts {
	const most = 1 << 20
	s := base(newWebSocket, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLIN }
	s.flush = func(c *conn) error {
		if err := flush(c); err != nil || len(c.out) <= most {
			return err
		}
		return errors.New("the client doesn't read")
	}
	return s
})
