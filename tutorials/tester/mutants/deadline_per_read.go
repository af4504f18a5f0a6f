package main

// Chapter 1. The server sets the deadline before each read, and not once for the whole request. So a
// client that sends a byte now and then stays for hours (slowloris).
var _ = mutant("deadline-per-read", "its deadline starts again with each read", func() *parts {
	s := base(newHTTP, each)
	s.timeoutPerRead = true
	return s
})
