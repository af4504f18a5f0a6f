package main

// A server with a process per client that never waits for its children:
// 200 clients, 200 zombies.
var _ = mutant("children-never-reaped", "every client leaves a zombie", func() *parts {
	s := base(newLine, fork)
	s.reap = func() {}
	return s
})
