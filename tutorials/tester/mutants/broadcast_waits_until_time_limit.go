package main

import "golang.org/x/sys/unix"

// Chapter 13. The broadcast waits for a member whose socket is full, and disconnects the member
// when a time limit is over. Until then, the whole room waits: each slow member stops it once.
var _ = mutant("broadcast-waits-until-time-limit", "each slow member stops the room for a while", func() *parts {
	const limit = 4000 // ms
	r := newRoom()
	r.send = func(r *room, m *conn) {
		for flush(m) == nil && len(m.out) > 0 {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLOUT}}, limit)
			if n == 0 && err == nil {
				m.out, m.end = nil, true
			}
		}
		sendDue(r, m)
	}
	return r.parts
})
