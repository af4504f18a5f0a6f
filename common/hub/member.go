package hub

import "time"

// member is someone in the room.
type member struct {
	number      uint64 // that of its Joined entry: never used again
	name        string
	conn        uint64 // its WebSocket, or the request that waits for it; 0: none
	place       int    // where conn is
	listedBytes int    // bytes of its name in Hub.list; 0: it isn't there

	token   Token     // of one that polls
	peer    Addr      // PeerKey of one that polls; zero: not known
	cursor  uint64    // number of the last entry that a waiting Poll has or doesn't receive
	expires time.Time // when PollingTimeout ends; zero: it has a WebSocket or a waiting Poll
}

// memberNamed returns the member with that name, or nil.
func (h *Hub) memberNamed(name string) *member {
	h.foldScratch = appendFolded(h.foldScratch[:0], name)
	return h.byName[string(h.foldScratch)]
}

// addName adds a member's name, and removeName removes it.
func (h *Hub) addName(m *member) {
	h.byName[string(appendFolded(nil, m.name))] = m
	h.nameList.add(m)
}

func (h *Hub) removeName(m *member) {
	delete(h.byName, string(appendFolded(nil, m.name)))
	h.nameList.remove(m)
	h.nameList.refill(h.byName)
}

// handleJoin makes a connection a member: it is sent the members and the history and
// then, like all others, the Joined entry.
func (h *Hub) handleJoin(now time.Time, place int, m *Message) {
	reason := h.nameProblem(m.Name)
	if h.byConn[m.Conn] != nil {
		reason = "you are here already"
	}
	if reason != "" {
		h.refuse(place, m, reason)
		return
	}
	who := &member{name: m.Name, conn: m.Conn, place: place, number: h.last + 1}
	h.sendWelcome(place, m.Conn, who)
	h.byConn[m.Conn] = who
	h.addName(who)
	for len(h.places) <= place {
		h.places = append(h.places, 0)
	}
	h.places[place]++
	h.publish(now, entry{from: who.number, Message: Message{Kind: Joined, Name: who.name, From: who.conn}})
}

// nameProblem is the reason why a new member can't have a name, or "".
func (h *Hub) nameProblem(name string) string {
	reason := nameFault(name)
	if reason == "" && h.memberNamed(name) != nil {
		reason = "someone here is called " + name + " already"
	}
	return reason
}

// sendWelcome sends conn its Welcome, the members, and the history.
func (h *Hub) sendWelcome(place int, conn uint64, who *member) {
	h.send(place, &Message{Kind: Welcome, Conn: conn, Name: who.name, Seq: h.last, Token: who.token})
	names := h.nameList.names()
	more := len(h.byName) - len(h.nameList.listed)
	h.send(place, &Message{Kind: Present, Conn: conn, Text: names, More: uint32(more)})
	for n := h.history(WelcomeBytes - len(names)); n <= h.last; n++ {
		if e := &h.log[n%LogSize]; e.public() {
			h.sendTo(place, conn, e)
		}
	}
}

// history returns the number of the first entry that a new member is sent. It is sent
// the last entries that were said to all, as many as fit into room bytes.
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

// removeMember removes a member and publishes that it left.
func (h *Hub) removeMember(now time.Time, m *member) {
	if m == nil {
		return
	}
	switch {
	case m.token == (Token{}):
		delete(h.byConn, m.conn)
		h.places[m.place]--
	case m.conn != 0: // it has left although its Poll waits
		h.respondToPoll(now, m.conn, m)
		fallthrough
	default:
		delete(h.byToken, m.token)
		h.uncountPeer(m)
	}
	h.removeName(m)
	h.publish(now, entry{from: m.number, Message: Message{Kind: Left, Name: m.name, From: m.conn}})
}
