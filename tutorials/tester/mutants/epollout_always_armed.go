package main

import "golang.org/x/sys/unix"

// A server asked level-triggered epoll to report when a socket is writable, and had nothing to write.
// epoll_wait then returns immediately every time: 1000 of 1000 wake-ups were in vain.
var _ = mutant("epollout-always-armed", "never sleeps while its clients are idle", func() *parts {
	s := base(newLine, reactor)
	s.interest = func(c *conn) uint32 { return interest(c) | unix.EPOLLOUT }
	return s
})
