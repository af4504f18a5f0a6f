package main

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// Without WNOHANG, wait4 sleeps while any child runs. This server calls it with a lock that it also needs to
// start a child. So after the first client has left, no new client is served until all others have left, too.
var _ = mutant("wait-holds-lock", "serves no new client while it waits for a child", func() *parts {
	var mu sync.Mutex
	s := base(newLine, fork)
	s.accepted = func(*net.TCPConn) { mu.Lock() }
	s.handed = func(c *net.TCPConn) {
		c.Close()
		mu.Unlock()
	}
	s.reap = func() {
		mu.Lock()
		defer mu.Unlock()
		for {
			if _, err := unix.Wait4(-1, nil, 0, nil); err == unix.ECHILD {
				return
			}
		}
	}
	return s
})
