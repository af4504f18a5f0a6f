package main

// Chapter 6. When no descriptor is free, accept fails and the listener stays ready. So the loop doesn't
// sleep while a client waits in the backlog.
var _ = mutant("no-pause-after-failed-accept", "doesn't pause after a failed accept", func() *parts {
	s := base(newLine, reactor)
	s.pause = func(*loop) {}
	return s
})
