package main

import "sync"

// mostDue is how many bytes may be due to a member. A member for which more would be due is disconnected:
// otherwise the server would have to keep everything, or to make the other members wait.
const mostDue = 1 << 20

// room is a server whose clients are members of one room. One loop serves them, so all get the messages in
// the order in which the loop reads them. The functions are what mutants replace.
type room struct {
	*parts
	mu      sync.Mutex // held while the loop serves a member
	loop    *loop
	members []*conn // in the order in which they have joined

	spread func(r *room, from *conn, frame []byte) (own []byte) // gives a message to all members
	send   func(r *room, m *conn)                               // sends what is due to another member
}

// newRoom returns a room without a fault.
func newRoom() *room {
	r := &room{parts: base(nil, reactor), spread: spread, send: sendDue}
	r.state = r.enter
	r.ready = r.serveMember
	r.quit = r.goodbye
	return r
}

// enter makes the state of a new connection. It becomes a member with the response to its handshake.
func (r *room) enter(l *loop, fd int) *conn {
	r.loop = l
	w := plainWebSocket()
	c := &conn{fd: fd, proto: w}
	w.accept = func(key string) string {
		r.members = append(r.members, c)
		return accept(key)
	}
	w.frame = func(opcode byte, payload []byte) []byte {
		frame := serverFrame(opcode, payload)
		if opcode < closing {
			return r.spread(r, c, frame)
		}
		return frame
	}
	return c
}

// serveMember reads from a connection, and sends the others what has become due.
func (r *room) serveMember(l *loop, c *conn, events uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ready(l, c, events)
	r.sendOthers(c)
}

func (r *room) sendOthers(c *conn) {
	r.sweep()
	for _, m := range r.members {
		if m != c && len(m.out) > 0 {
			r.send(r, m)
		}
	}
	r.sweep()
}

// spread queues a message for each member. It returns the sender's copy, which follows what the same
// read has brought the sender before.
func spread(r *room, from *conn, frame []byte) (own []byte) {
	for _, m := range r.members {
		if m != from {
			m.out = append(m.out, frame...)
		}
	}
	return frame
}

// sendDue sends as much as the member's socket takes.
func sendDue(r *room, m *conn) {
	if r.loop.settle(m); len(m.out) > mostDue {
		m.out, m.end = nil, true
		r.loop.settle(m)
	}
}

// sweep removes the members whose connections have ended.
func (r *room) sweep() {
	kept := r.members[:0]
	for _, m := range r.members {
		if m.fd >= 0 && !m.end {
			kept = append(kept, m)
		}
	}
	clear(r.members[len(kept):])
	r.members = kept
}

// goodbye sends each member a Close frame with code 1001, before the process ends. A member whose socket
// is full sees only the end.
func (r *room) goodbye() {
	r.mu.Lock()
	for _, m := range r.members {
		m.out = append(m.out, serverFrame(closing, []byte{0x03, 0xe9})...)
		flush(m)
	}
}
