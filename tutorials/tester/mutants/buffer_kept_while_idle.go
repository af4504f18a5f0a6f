package main

import "golang.org/x/sys/unix"

// Chapter 15. The server keeps a connection's buffer, so that the next message needs no new memory. But most
// connections are idle most of the time, and each of them keeps room for its longest message.
var _ = mutant("buffer-kept-while-idle", "keeps room for the longest message of an idle client", func() *parts {
	s := base(newWebSocket, reactor)
	s.flush = func(c *conn) error {
		for len(c.out) > 0 {
			n, err := unix.Write(c.fd, c.out)
			switch {
			case err == unix.EAGAIN:
				return nil
			case err != nil && err != unix.EINTR:
				return err
			}
			c.out = append(c.out[:0], c.out[max(n, 0):]...)
		}
		return nil
	}
	return s
})
