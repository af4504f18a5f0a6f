package main

import "golang.org/x/sys/unix"

// A server asks level-triggered epoll to report when a socket can be written,
// and has nothing to write. epoll_wait then returns immediately every time: of 1000
// wake-ups 1000 were for nothing.
var _ = mutant("epollout-always-armed", "computes without a pause while its clients are idle", func() *parts {
	s := base(newLine, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLOUT }
	return s
})
