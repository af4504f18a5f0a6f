package main

import (
	"net"
	"os"
)

// A parent watched its connections with epoll until bytes arrived. Then it handed the connection to a
// child and closed its own descriptor, and epoll still reported events of the connection: epoll watches the
// open file description, which the child has open, and not the descriptor. The parent can't
// remove it any more, because its descriptor is closed (EBADF). As long as the child leaves bytes unread,
// the parent wakes up in vain.
var _ = mutant("closed-without-epoll-ctl-del", "the parent never sleeps while a child leaves bytes unread", func() *parts {
	s := base(newLine, func(s *parts, ln *net.TCPListener) {
		watch(s)
		reactor(s, ln)
	})
	s.ready = func(l *loop, c *conn, events uint32) {
		f := os.NewFile(uintptr(c.fd), "connection")
		spawn(f)
		delete(l.conns, c.fd)
		f.Close() // EPOLL_CTL_DEL has to come before
		c.fd = -1
	}
	return s
})
