package main

import (
	"net"
	"sync/atomic"
)

// Chapter 7. The server's table of clients has a fixed size, like the 1,024 descriptors of select(2). It
// holds 100 clients, and the server closes every further connection.
var _ = mutant("table-of-100-clients", "serves only 100 clients at the same time", func() *parts {
	return base(newLine, func(s *parts, ln *net.TCPListener) {
		var clients atomic.Int32
		for {
			c, err := next(ln)
			if err != nil {
				return
			}
			if clients.Load() == 100 {
				c.Close()
				continue
			}
			clients.Add(1)
			go func() {
				defer clients.Add(-1)
				converse(s, c)
			}()
		}
	})
})
