package main

// Chapter 13. The function that gives a message to all members returns at the first write that
// fails. The members after that one in the list miss the message.
var _ = mutant("write-error-ends-broadcast", "a failed write ends the whole broadcast", func() *parts {
	r := newRoom()
	r.spread = func(r *room, from *conn, frame []byte) []byte {
		for _, m := range r.members {
			if m == from || m.end {
				continue
			}
			m.out = append(m.out, frame...)
			if err := flush(m); err != nil {
				m.out, m.end = nil, true
				return frame
			}
		}
		return frame
	}
	return r.parts
})
