package main

import "net"

// Chapter 9. The fault of response-in-two-writes, but in a WebSocket: the server sends a frame's header
// and its payload in two writes.
var _ = mutant("frame-in-two-writes", "a message takes 40 ms", func() *parts {
	s := base(newWebSocket, each)
	s.accepted = func(c *net.TCPConn) { c.SetNoDelay(false) }
	s.send = func(c net.Conn, out []byte) error {
		const header = 2 // of a small frame
		if len(out) <= header {
			return send(c, out)
		}
		if err := send(c, out[:header]); err != nil {
			return err
		}
		return send(c, out[header:])
	}
	return s
})
