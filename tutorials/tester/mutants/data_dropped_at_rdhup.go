package main

import "golang.org/x/sys/unix"

// A client's last bytes and its FIN come in one event, IN with RDHUP; after a
// RST it is IN with HUP, and the bytes can still be read. A server that looks at
// the end first throws them away.
var _ = mutant("data-dropped-at-rdhup", "throws away what came together with the client's FIN", func() *parts {
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
