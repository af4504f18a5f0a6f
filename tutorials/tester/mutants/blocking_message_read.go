package main

import "golang.org/x/sys/unix"

// A server for a million WebSockets asked epoll which connections were ready, and then called a
// library's function that reads a message. The function answers a Ping and goes on waiting for a
// message. So one client that sent only a Ping stopped the server for all others.
var _ = mutant("blocking-message-read", "after a client's Ping it waits for that client's message", func() *parts {
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
