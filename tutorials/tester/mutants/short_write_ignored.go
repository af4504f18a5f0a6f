package main

import "golang.org/x/sys/unix"

// A non-blocking send of 50 MB took 3.9 MB: the server must send the rest later. A server that ignores
// what write returns loses the rest.
var _ = mutant("short-write-ignored", "loses the bytes that a write doesn't take", func() *parts {
	s := base(newLine, reactor)
	s.flush = func(c *conn) error {
		unix.Write(c.fd, c.out)
		c.out = nil
		return nil
	}
	return s
})
