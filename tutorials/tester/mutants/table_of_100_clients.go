package main

import (
	"net"
	"sync/atomic"
)

// Chapter 6. A table of clients with a fixed size, as select(2) has one of 1,024
// descriptors. This one has 100, and turns away the clients that come later.
var _ = mutant("table-of-100-clients", "a table of 100 clients", func() *parts {
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
