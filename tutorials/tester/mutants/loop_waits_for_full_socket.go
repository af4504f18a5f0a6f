package main

import "golang.org/x/sys/unix"

// Chapter 6. When a socket's buffer is full, the loop waits for that socket. So it serves many clients
// until one of them reads slowly.
var _ = mutant("loop-waits-for-full-socket", "the whole loop waits for a client that reads slowly", func() *parts {
	s := base(newLine, reactor)
	s.flush = func(c *conn) error {
		for {
			if err := flush(c); err != nil || len(c.out) == 0 {
				return err
			}
			unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, -1)
		}
	}
	return s
})
