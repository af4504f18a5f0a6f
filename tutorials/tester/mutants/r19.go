package main

// R19. A server with a process per client that never waits for its children:
// 200 clients, 200 zombies.
var _ = mutant("R19", "every client leaves a zombie", func() *parts {
	s := base(newLine, fork)
	s.reap = func() {}
	return s
})
