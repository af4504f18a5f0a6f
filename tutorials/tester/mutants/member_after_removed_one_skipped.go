package main

import "slices"

// Chapter 13. The server removes a member from the list while it goes through the list. The next
// member moves to the removed one's place, which the loop has already passed, and misses the message.
var _ = mutant("member-after-removed-one-skipped", "skips a member when it removes the one before", func() *parts {
	r := newRoom()
	r.spread = func(r *room, from *conn, frame []byte) []byte {
		for i := 0; i < len(r.members); i++ {
			m := r.members[i]
			if m == from {
				continue
			}
			m.out = append(m.out, frame...)
			if err := flush(m); err != nil {
				m.out, m.end = nil, true
				r.members = slices.Delete(r.members, i, i+1)
			}
		}
		return frame
	}
	return r.parts
})
