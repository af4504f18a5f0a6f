package main

import (
	"bytes"
	"net"
)

// A tutorial's web server sent the header section by write and the file by sendfile.
// It printed 982 requests per second, 44 ms each, and blamed a laptop: the
// kernel keeps the second, small part back until the first is acknowledged
// (Nagle), and the client delays its acknowledgement by 40 ms. The first response
// on a connection is fast, which hides the fault from a person who tries by hand.
var _ = mutant("response-in-two-writes", "later answers take 40 ms", func() *parts {
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
