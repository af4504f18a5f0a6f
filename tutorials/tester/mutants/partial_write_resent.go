package main

import "golang.org/x/sys/unix"

// Chapter 6. A write takes a part of the bytes, and the server's next write begins at the first byte again.
var _ = mutant("partial-write-resent", "sends the bytes again that an earlier write has taken", func() *parts {
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
