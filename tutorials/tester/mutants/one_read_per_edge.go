package main

import "golang.org/x/sys/unix"

// Edge-triggered epoll tells once that bytes have come. Of ten bytes, read
// four at a time with one read for each wake-up, six stayed where they were.
var _ = mutant("one-read-per-edge", "what one read doesn't take is never read", func() *parts {
	s := base(newLine, reactor)
	s.interest = func(c *conn) uint32 { return unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET }
	s.ready = func(l *loop, c *conn, events uint32) {
		if events&^unix.EPOLLOUT == 0 {
			return
		}
		buf := make([]byte, 128)
		switch n, err := unix.Read(c.fd, buf); {
		case err == unix.EAGAIN:
		case n <= 0:
			c.end = true
		default:
			c.feed(buf[:n])
		}
	}
	return s
})
