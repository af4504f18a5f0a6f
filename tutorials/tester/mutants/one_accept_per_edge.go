package main

import "golang.org/x/sys/unix"

// With an edge-triggered listener one wake-up may stand for many clients. A server accepted one client for
// each wake-up. When 50 clients connected at the same time, 49 of them waited.
var _ = mutant("one-accept-per-edge", "if clients connect at the same time, it accepts only one", func() *parts {
	s := base(newLine, reactor)
	s.listenerFlags = unix.EPOLLET
	s.accept = func(l *loop) { l.acceptOne() }
	return s
})
