package main

import "golang.org/x/sys/unix"

// Chapter 13. The broadcast goes on to the next member when the socket has taken the whole message.
// So a member that never reads stops the room when its socket's buffers are full.
var _ = mutant("broadcast-waits-for-slowest", "the broadcast waits for a member that doesn't read", func() *parts {
	r := newRoom()
	r.send = func(r *room, m *conn) {
		for flush(m) == nil && len(m.out) > 0 {
			unix.Poll([]unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLOUT}}, -1)
		}
		sendDue(r, m)
	}
	return r.parts
})
