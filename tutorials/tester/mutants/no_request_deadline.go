package main

import "time"

// Chapter 1. The server waits for the rest of a request for as long as it takes. Some hundred clients
// that never send the rest are an attack (slowloris).
var _ = mutant("no-request-deadline", "waits indefinitely for the rest of a request", func() *parts {
	s := base(newHTTP, each)
	s.requestTimeout = 1000 * time.Hour
	return s
})
