package main

import "net"

// A library's example with a process per client didn't close the parent's descriptor of the connection.
// With ulimit -n 128 it served exactly 123 clients, and then wrote 1.4 million lines “Too many open
// files”.
var _ = mutant("parent-keeps-descriptors", "the parent keeps a descriptor of every client", func() *parts {
	var kept []*net.TCPConn // otherwise Go's garbage collector would close the connections
	s := base(newLine, fork)
	s.handed = func(c *net.TCPConn) { kept = append(kept, c) }
	return s
})
