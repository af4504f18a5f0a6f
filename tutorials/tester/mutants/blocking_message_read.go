package main

import "golang.org/x/sys/unix"

// A server for a million WebSockets asked epoll who is ready, and then
// called a library's “read a message”, which answers a Ping and goes on waiting
// for a message. One client that pings and says nothing stopped all others.
var _ = mutant("blocking-message-read", "one Ping stops everyone until its sender says more", func() *parts {
	s := base(newWebSocket, reactor)
	s.ready = func(l *loop, c *conn, events uint32) {
		w := c.proto.(*webSocket)
		waiting := false
		w.control = func(w *webSocket, f frame) ([]byte, bool) {
			waiting = true
			return control(w, f)
		}
		w.message = func(w *webSocket, f frame) ([]byte, bool) {
			waiting = false
			return message(w, f)
		}
		for ready(l, c, events); waiting && !c.end; ready(l, c, events) {
			flush(c)
			unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, -1)
		}
	}
	return s
})
