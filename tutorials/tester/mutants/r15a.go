package main

import "golang.org/x/sys/unix"

// R15. Whoever asks level-triggered epoll to tell when a socket can be written,
// and has nothing to write, is told at once, for ever: of 1000 wakes 1000 were
// for nothing.
var _ = mutant("R15a", "computes without a pause while its clients are idle", func() *parts {
	s := base(newLine, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLOUT }
	return s
})
