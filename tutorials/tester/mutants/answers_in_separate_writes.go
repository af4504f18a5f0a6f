package main

import (
	"bytes"
	"net"
)

// Chapter 9: the server makes one small answer at a time, and writes it immediately. A client that sends two
// requests together gets the second answer 40 ms late: the kernel keeps it back until the client has
// acknowledged the first answer (Nagle's algorithm), and the client delays its acknowledgement. Clients
// that wait for each answer notice nothing.
var _ = mutant("answers-in-separate-writes", "the second answer of two takes 40 ms", func() *parts {
	s := base(newHTTP, each)
	s.accepted = func(c *net.TCPConn) { c.SetNoDelay(false) } // the default in C; Go sets TCP_NODELAY
	s.send = func(c net.Conn, out []byte) error {
		for len(out) > 0 {
			n := len(out)
			if next := bytes.Index(out[1:], []byte("HTTP/1.1 ")); next >= 0 {
				n = 1 + next
			}
			if err := send(c, out[:n]); err != nil {
				return err
			}
			out = out[n:]
		}
		return nil
	}
	return s
})
