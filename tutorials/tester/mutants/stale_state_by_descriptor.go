package main

// A tutorial kept what it knew of a client in an array by descriptor number,
// and didn't clear it at close. The kernel gives the smallest free number, so
// the next client inherits the last one's state: 50 of 50 handshakes failed.
var _ = mutant("stale-state-by-descriptor", "what one client left in the middle is the next one's beginning", func() *parts {
	var table [4096]*conn // by descriptor
	s := base(newWebSocket, reactor)
	s.state = func(l *loop, fd int) *conn {
		if table[fd] == nil {
			table[fd] = newState(l, fd)
		}
		table[fd].fd = fd
		return table[fd]
	}
	return s
})
