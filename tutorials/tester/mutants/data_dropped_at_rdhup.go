package main

import "golang.org/x/sys/unix"

// A client's last bytes and its FIN may arrive as one event: EPOLLIN with EPOLLRDHUP. After a RST it is
// EPOLLIN with EPOLLHUP, and the bytes can still be read. A server that checks for the end first throws
// the bytes away.
var _ = mutant("data-dropped-at-rdhup", "loses bytes that arrive together with the client's FIN", func() *parts {
	s := base(newLine, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLRDHUP }
	s.ready = func(l *loop, c *conn, events uint32) {
		if events&(unix.EPOLLRDHUP|unix.EPOLLHUP) != 0 {
			l.close(c)
			return
		}
		ready(l, c, events)
	}
	return s
})
