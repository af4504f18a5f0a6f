package main

import "golang.org/x/sys/unix"

// Chapter 5. A loop that, when a socket is full, waits for that socket: it serves
// many clients until one of them is slow.
var _ = mutant("loop-waits-for-full-socket", "the loop waits for its slowest reader", func() *parts {
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
