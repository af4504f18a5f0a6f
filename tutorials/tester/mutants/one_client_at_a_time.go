package main

import "net"

// Chapter 1. The server accepts the next client when the one before has left.
var _ = mutant("one-client-at-a-time", "serves one client at a time", func() *parts {
	return base(newLine, func(s *parts, ln *net.TCPListener) {
		for {
			c, err := ln.AcceptTCP()
			if err != nil {
				return
			}
			converse(s, c)
		}
	})
})
