package main

// Chapter 5. When no descriptor is free, the listener stays ready, so the loop never sleeps again.
var _ = mutant("no-pause-after-failed-accept", "there is no pause after a failed accept", func() *parts {
	s := base(newLine, reactor)
	s.pause = func(*loop) {}
	return s
})
