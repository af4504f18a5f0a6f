package main

// A server with a process per client never waited for its children: 200 clients left 200 zombies.
var _ = mutant("children-never-reaped", "every client leaves a zombie", func() *parts {
	s := base(newLine, fork)
	s.reap = func() {}
	return s
})
