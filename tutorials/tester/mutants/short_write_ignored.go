package main

import "golang.org/x/sys/unix"

// Of 50 MB in one non-blocking send 3.9 MB were taken, and the rest was
// the sender's to send again. A server that takes no look at what write returns
// loses it.
var _ = mutant("short-write-ignored", "loses what a write doesn't take", func() *parts {
	s := base(newLine, reactor)
	s.flush = func(c *conn) error {
		unix.Write(c.fd, c.out)
		c.out = nil
		return nil
	}
	return s
})
