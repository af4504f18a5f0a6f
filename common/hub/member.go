package hub

import "time"

// connAt is a connection. Its number alone isn't enough, because two places may give their
// connections the same numbers.
type connAt struct {
	place int
	conn  uint64 // never 0
}

// member is a client in the room.
type member struct {
	number      uint64 // number of its Joined entry, so it is never used again
	name        string
	connAt          // its WebSocket, or its waiting Poll; zero if there is none
	listedBytes int // bytes of its name in Hub.nameList; 0 if it isn't there
	index       int // its place in Hub.members
	pollIndex   int // its place in Hub.polls, if it has a waiting Poll

	token   Token     // set if it polls
	peer    Addr      // PeerKey of its address if it polls; zero if unknown
	cursor  uint64    // the waiting Poll gets the entries after this number
	expires time.Time // end of PollingTimeout; zero if it has a WebSocket or a waiting Poll
}

// polls reports whether a member has no WebSocket.
func (m *member) polls() bool { return m.token != (Token{}) }

// memberNamed returns the member with that name, or nil.
func (h *Hub) memberNamed(name string) *member {
	h.foldScratch = appendFolded(h.foldScratch[:0], name)
	return h.byName[string(h.foldScratch)]
}

// addName adds a member to members, and its name to byName and to nameList. removeName removes them
// from all three.
func (h *Hub) addName(m *member) {
	h.byName[string(appendFolded(nil, m.name))] = m
	m.index = len(h.members)
	h.members = append(h.members, m)
	h.nameList.add(m)
}

func (h *Hub) removeName(m *member) {
	delete(h.byName, string(appendFolded(nil, m.name)))
	last := len(h.members) - 1
	h.members[last].index = m.index
	h.members[m.index], h.members[last] = h.members[last], nil
	h.members = h.members[:last]
	h.nameList.remove(m)
	h.nameList.refill(h.members)
}

// handleJoin makes a connection a member. The connection is sent the members and the history, and
// then the Joined entry, as all members are.
func (h *Hub) handleJoin(now time.Time, place int, m *Message) {
	at := connAt{place, m.Conn}
	reason := h.nameProblem(m.Name)
	if h.byConn[at] != nil {
		reason = "you have already joined"
	}
	if reason != "" {
		h.refuse(place, m, reason)
		return
	}
	who := &member{name: m.Name, connAt: at, number: h.last + 1}
	h.sendWelcome(at, who)
	h.byConn[at] = who
	h.addName(who)
	for len(h.places) <= place {
		h.places = append(h.places, 0)
	}
	h.places[place]++
	h.publish(now, who, entry{Message: Message{Kind: Joined, Name: who.name}})
}

// nameProblem returns the reason why a new member can't have a name, or "".
func (h *Hub) nameProblem(name string) string {
	reason := nameFault(name)
	if reason == "" && h.memberNamed(name) != nil {
		reason = "someone here is called " + name + " already"
	}
	return reason
}

// sendWelcome sends the Welcome, the members and the history to the connection at.
func (h *Hub) sendWelcome(at connAt, who *member) {
	h.send(at.place, &Message{Kind: Welcome, Conn: at.conn, Name: who.name, Seq: h.last})
	names := h.nameList.names()
	more := len(h.byName) - len(h.nameList.listed)
	h.send(at.place, &Message{Kind: Present, Conn: at.conn, Text: names, More: uint32(more)})
	for n := h.history(WelcomeBytes - len(names)); n <= h.last; n++ {
		if e := &h.log[n%LogSize]; e.public() {
			h.sendTo(at, e, connAt{})
		}
	}
}

// history returns the number of the first entry that a new member is sent. The member gets the last
// messages to everybody, as many as fit into room bytes.
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

// removeMember removes a member, if m isn't nil, and publishes that it left.
func (h *Hub) removeMember(now time.Time, m *member) {
	if m == nil {
		return
	}
	switch {
	case !m.polls():
		delete(h.byConn, m.connAt)
		h.places[m.place]--
	case m.conn != 0: // it leaves while its Poll waits
		h.respondToPoll(now, m)
		fallthrough
	default:
		delete(h.byToken, m.token)
		h.uncountPeer(m)
	}
	h.removeName(m)
	h.publish(now, m, entry{Message: Message{Kind: Left, Name: m.name}})
}
