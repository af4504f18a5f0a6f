package main

// A tutorial kept the state of its clients in an array, with the descriptor as index, and didn't clear the
// state at close. The kernel gives the next client the smallest free number, so this client inherited the
// state of the one before: 50 of 50 handshakes failed.
var _ = mutant("stale-state-by-descriptor", "a new client inherits the state of the one before", func() *parts {
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
