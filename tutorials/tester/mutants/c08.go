package main

import "net"

// Chapter 8. The pattern of R1, hidden in a WebSocket: a frame's head and its
// payload are two writes.
var _ = mutant("C8", "a message takes 40 ms", func() *parts {
	s := base(newWebSocket, each)
	s.accepted = func(c *net.TCPConn) { c.SetNoDelay(false) }
	s.send = func(c net.Conn, out []byte) error {
		const head = 2 // of a small frame
		if len(out) <= head {
			return send(c, out)
		}
		if err := send(c, out[:head]); err != nil {
			return err
		}
		return send(c, out[head:])
	}
	return s
})
