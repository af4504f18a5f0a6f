package main

// Chapter 1. The deadline is set before each read, and not once for the request.
// Who sends a byte now and then stays for hours (slowloris).
var _ = mutant("C1e", "its deadline begins anew with each read", func() *parts {
	s := base(newHTTP, each)
	s.renewed = true
	return s
})
