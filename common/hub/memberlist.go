package hub

import "slices"

// memberList is the list of names that a new member is sent, as many as fit into MembersBytes. The
// Hub keeps this list. If it made the list for each new member, it would have to visit all members,
// and a client could cause that work cheaply.
type memberList struct {
	// text is shared with messages, so its bytes are never changed. It grows or is replaced.
	text   []byte    // names as JSON strings, each followed by a comma
	listed []*member // the members whose names are in text
}

// names returns the list in the form that Present has.
func (r *memberList) names() []byte {
	n := max(0, len(r.text)-1)
	return r.text[:n:n]
}

// add puts a member's name on the list, if it isn't there and there is room. It reports whether the
// name is on the list.
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

// remove removes a member's name from the list. It makes a new text, because messages may still
// refer to the old one.
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

// refill adds members to a list that is at least half empty. For a fuller list, visiting all
// members would cost too much.
func (r *memberList) refill(all []*member) {
	if len(r.text) >= MembersBytes/2 || len(r.listed) == len(all) {
		return
	}
	for _, m := range all {
		if !r.add(m) {
			return
		}
	}
}
