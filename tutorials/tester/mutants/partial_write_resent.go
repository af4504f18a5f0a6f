package main

import "golang.org/x/sys/unix"

// Chapter 5. A write took a part, and the next one begins again at the first byte.
var _ = mutant("partial-write-resent", "sends again what a write has taken", func() *parts {
	s := base(newLine, reactor)
	s.flush = func(c *conn) error {
		if len(c.out) == 0 {
			return nil
		}
		switch n, err := unix.Write(c.fd, c.out); {
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil:
			return err
		case n == len(c.out):
			c.out = nil
		}
		return nil
	}
	return s
})
