package main

// Chapter 1. The deadline is set before each read, and not once for the request.
// A client that sends a byte now and then stays for hours (slowloris).
var _ = mutant("deadline-per-read", "its deadline starts again with each read", func() *parts {
	s := base(newHTTP, each)
	s.timeoutPerRead = true
	return s
})
