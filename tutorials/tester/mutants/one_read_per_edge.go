package main

import "golang.org/x/sys/unix"

// Edge-triggered epoll reports only once that bytes have arrived. A server read four bytes for each
// wake-up: of ten bytes six stayed unread.
var _ = mutant("one-read-per-edge", "never reads the bytes that the first read leaves", func() *parts {
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
