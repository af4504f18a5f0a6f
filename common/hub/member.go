package hub

import "time"

// member is someone in the room.
type member struct {
	number uint64 // of the entry that says it joined: never given twice
	name   string
	conn   uint64 // its WebSocket, or the request that waits for it; 0: none
	place  int    // where conn is
	listed int    // how many bytes its name takes on the roll; 0: it isn't there

	token Token     // of one that polls
	peer  Addr      // PeerKey of one that polls; zero: not known
	since uint64    // up to which entry there is nothing that a waiting Poll doesn't know
	until time.Time // when it has been silent for too long; zero: it has a WebSocket, or a Poll that waits
}

// named returns the member who has a name, or nil.
func (h *Hub) named(name string) *member {
	h.folded = appendFolded(h.folded[:0], name)
	return h.byName[string(h.folded)]
}

// admit enters a member's name, and forget deletes it.
func (h *Hub) admit(m *member) {
	h.byName[string(appendFolded(nil, m.name))] = m
	h.roll.add(m)
}

func (h *Hub) forget(m *member) {
	delete(h.byName, string(appendFolded(nil, m.name)))
	h.roll.remove(m)
	h.roll.refill(h.byName)
}

// join makes a connection a member: it hears who is there and what was said
// last, and then, with all others, that it joined.
func (h *Hub) join(now time.Time, place int, m *Message) {
	reason := h.objection(m.Name)
	if h.byConn[m.Conn] != nil {
		reason = "you are here already"
	}
	if reason != "" {
		h.refuse(place, m, reason)
		return
	}
	who := &member{name: m.Name, conn: m.Conn, place: place, number: h.last + 1}
	h.introduce(place, m.Conn, who)
	h.byConn[m.Conn] = who
	h.admit(who)
	for len(h.places) <= place {
		h.places = append(h.places, 0)
	}
	h.places[place]++
	h.enterLog(now, entry{from: who.number, Message: Message{Kind: Joined, Name: who.name, From: who.conn}})
}

// objection says what is wrong with a newcomer's name, or "".
func (h *Hub) objection(name string) string {
	reason := badName(name)
	if reason == "" && h.named(name) != nil {
		reason = "someone here is called " + name + " already"
	}
	return reason
}

// introduce tells conn that it is a member, who else is, and what was said last.
func (h *Hub) introduce(place int, conn uint64, who *member) {
	h.out(place, &Message{Kind: Welcome, Conn: conn, Name: who.name, Seq: h.last, Token: who.token})
	names := h.roll.names()
	more := len(h.byName) - len(h.roll.listed)
	h.out(place, &Message{Kind: Present, Conn: conn, Text: names, More: uint32(more)})
	for n := h.history(GreetingBytes - len(names)); n <= h.last; n++ {
		if e := &h.log[n%LogSize]; e.public() {
			h.give(place, conn, e)
		}
	}
}

// history returns the number of the first entry that a newcomer is sent of what was said
// to all: it is sent the last ones, as many as fit into room bytes.
func (h *Hub) history(room int) (from uint64) {
	from = h.last + 1
	for left := History; from > h.first && left > 0; from-- {
		e := &h.log[(from-1)%LogSize]
		if !e.public() {
			continue
		}
		left--
		if room -= len(e.JSON) + len(","); room < 0 {
			break
		}
	}
	return from
}

func (e *entry) public() bool { return e.Kind == Said && e.to == 0 }

// leave takes a member out and tells the others.
func (h *Hub) leave(now time.Time, m *member) {
	if m == nil {
		return
	}
	switch {
	case m.token == (Token{}):
		delete(h.byConn, m.conn)
		h.places[m.place]--
	case m.conn != 0: // it has left although its Poll waits
		h.answer(now, m.conn, m)
		fallthrough
	default:
		delete(h.byToken, m.token)
		h.unseat(m)
	}
	h.forget(m)
	h.enterLog(now, entry{from: m.number, Message: Message{Kind: Left, Name: m.name, From: m.conn}})
}
