package main

import (
	"bytes"
	"net"
)

// A tutorial's web server sent the header with write and the file with sendfile. Its text printed 982
// requests per second, 44 ms each, and blamed a laptop. The cause: the kernel keeps the second, small part
// back until the client has acknowledged the first (Nagle's algorithm), and the client delays its
// acknowledgement by 40 ms. The first response on a connection is fast, so a person who tries the server
// by hand doesn't notice.
var _ = mutant("response-in-two-writes", "each answer after the first takes 40 ms", func() *parts {
	s := base(newHTTP, each)
	s.accepted = func(c *net.TCPConn) { c.SetNoDelay(false) } // the default in C; Go sets TCP_NODELAY
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
