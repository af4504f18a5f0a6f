package main

import "golang.org/x/sys/unix"

// R22. With an edge-triggered listener one wake-up may stand for many clients. Of
// 50 that connected at once a server that accepts one for each wake-up left 49
// waiting.
var _ = mutant("R22", "of clients that come at once only one is served", func() *parts {
	s := base(newLine, reactor)
	s.edges = unix.EPOLLET
	s.accept = func(l *loop) { l.acceptOne() }
	return s
})
