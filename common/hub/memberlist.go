package hub

import "slices"

// memberList is the list of names that a new member is sent: as many as fit into
// MembersBytes. It is kept because making it for each new member, a walk over all members,
// would be expensive for the server and cheap for the client.
type memberList struct {
	text   []byte    // names as JSON strings, each with a comma after it; only appended to, or replaced
	listed []*member // whose names these are
}

// names returns the list as Present has it.
func (r *memberList) names() []byte {
	n := max(0, len(r.text)-1)
	return r.text[:n:n]
}

// add puts a member's name on the list if there is room, and it isn't there.
func (r *memberList) add(m *member) (ok bool) {
	if m.listedBytes > 0 {
		return true
	}
	n := len(r.text)
	if n+quotedLen(m.name) > MembersBytes {
		return false
	}
	r.text = append(appendQuoted(r.text, m.name), ',')
	m.listedBytes = len(r.text) - n
	r.listed = append(r.listed, m)
	return true
}

// remove removes a member's name from the list. Messages may still refer to the
// old list.
func (r *memberList) remove(m *member) {
	if m.listedBytes == 0 {
		return
	}
	at := 0
	for i, other := range r.listed {
		if other == m {
			r.text = slices.Concat(r.text[:at], r.text[at+m.listedBytes:])
			r.listed = slices.Delete(r.listed, i, i+1)
			m.listedBytes = 0
			return
		}
		at += other.listedBytes
	}
}

// refill adds members to a list that is at least half empty. A fuller list isn't worth
// the walk over all members.
func (r *memberList) refill(all map[string]*member) {
	if len(r.text) >= MembersBytes/2 || len(r.listed) == len(all) {
		return
	}
	for _, m := range all {
		if !r.add(m) {
			return
		}
	}
}
