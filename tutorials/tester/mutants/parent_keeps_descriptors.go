package main

import "net"

// In a library's example with a process per client the parent didn't close
// its own copy of the connection. With ulimit -n 128 it served exactly 123
// clients, and then wrote 1.4 million lines “Too many open files”.
var _ = mutant("parent-keeps-descriptors", "the parent keeps a descriptor of every client", func() *parts {
	var kept []*net.TCPConn // or Go would close what nobody refers to
	s := base(newLine, fork)
	s.handed = func(c *net.TCPConn) { kept = append(kept, c) }
	return s
})
