package main

import "golang.org/x/sys/unix"

// R25. Signals don't queue: 50 children that end at once may be one SIGCHLD. A
// server that waits for one child for each signal keeps zombies.
var _ = mutant("R25", "of children that end at once some stay as zombies", func() *parts {
	s := base(newLine, fork)
	s.reap = func() { unix.Wait4(-1, nil, unix.WNOHANG, nil) }
	return s
})
