package main

import "golang.org/x/sys/unix"

// With an edge-triggered listener one wake-up may stand for many clients. 50
// clients connected at the same time, and a server that accepts one for each wake-up
// left 49 waiting.
var _ = mutant("one-accept-per-edge", "of clients that come at the same time only one is served", func() *parts {
	s := base(newLine, reactor)
	s.listenerFlags = unix.EPOLLET
	s.accept = func(l *loop) { l.acceptOne() }
	return s
})
