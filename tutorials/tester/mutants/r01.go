package main

import (
	"bytes"
	"net"
)

// R1. A tutorial's web server sent the head by write and the file by sendfile.
// It printed 982 requests per second, 44 ms each, and blamed a laptop: the
// kernel keeps the second, small part back until the first is acknowledged
// (Nagle), and the client delays its acknowledgement by 40 ms. The first answer
// on a connection is fast, which hides it from whoever tries by hand.
var _ = mutant("R1", "later answers take 40 ms", func() *parts {
	s := base(newHTTP, each)
	s.accepted = func(c *net.TCPConn) { c.SetNoDelay(false) } // what a socket is in C; Go sets TCP_NODELAY
	s.send = func(c net.Conn, out []byte) error {
		head, body, found := bytes.Cut(out, emptyLine)
		if !found {
			return send(c, out)
		}
		if err := send(c, out[:len(head)+len(emptyLine)]); err != nil {
			return err
		}
		return send(c, body)
	}
	return s
})
