package main

// Chapter 6. When no descriptor is free, the server doesn't watch the listener during one wait. Any
// client's event ends that wait, so with one busy client accept fails thousands of times in a second.
var _ = mutant("accept-pause-ended-by-any-event", "any client ends the pause after a failed accept", func() *parts {
	s := base(newLine, reactor)
	s.pauseOver = func(*loop) bool { return true }
	return s
})
