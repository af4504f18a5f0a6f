package main

import (
	"net"
	"os"
)

// A parent that watches connections with epoll until something comes, then
// hands them to a child and closes its own copy, still hears of them: epoll
// watches the open socket, which the child has, and not the number. And it can't
// be told to stop, for the number is gone (EBADF). As long as the child leaves
// bytes unread, the parent wakes up for nothing.
var _ = mutant("closed-without-epoll-ctl-del", "the parent computes while a child's client doesn't read", func() *parts {
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
