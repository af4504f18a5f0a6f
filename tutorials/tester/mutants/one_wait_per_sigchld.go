package main

import "golang.org/x/sys/unix"

// Signals don't queue: 50 children that end at the same time may cause one SIGCHLD. A server that waits
// for one child after each signal keeps zombies.
var _ = mutant("one-wait-per-sigchld", "keeps zombies if children end at the same time", func() *parts {
	s := base(newLine, fork)
	s.reap = func() { unix.Wait4(-1, nil, unix.WNOHANG, nil) }
	return s
})
