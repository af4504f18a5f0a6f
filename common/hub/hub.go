package hub

import (
	"bytes"
	"slices"
	"time"
	"unicode/utf8"
)

const (
	// LogSize is the maximum number of entries in the log.
	LogSize = 256
	// LogBytes is the maximum size of these entries together, in bytes of JSON.
	LogBytes = 2 << 20
	// PollResponseBytes is the maximum size of the entries in the response to a Poll, in bytes
	// of JSON. A response with entries has at least one, even if that is larger. The limit
	// keeps a response below 300 times the size of the shortest poll, which has 76 bytes.
	PollResponseBytes = 20 << 10
	// WelcomeBytes is the maximum size of the members and the history that a new member is
	// sent, in bytes of JSON. This is below 300 times the 59 bytes of the shortest request to
	// join.
	WelcomeBytes = 16 << 10
	// MembersBytes is the part of WelcomeBytes that names may use.
	MembersBytes = 8 << 10
	// History is the maximum number of entries that a new member is sent. Only messages to
	// everybody are sent.
	History = 50
	// MaxPollingMembers is the maximum number of members without a WebSocket.
	MaxPollingMembers = 1024
	// PollingTimeout is how long a polling member may be silent before it is removed.
	PollingTimeout = time.Minute
	// maxPollEntries is the maximum number of entries in the response to a Poll.
	maxPollEntries = 64
)

// Hub is the room. It is a deterministic state machine: the same sequence of calls leads to the same
// messages and the same state in each Hub. So a Hub reads no clock, draws no random bytes, and never
// lets the order of a map decide what it sends. It is not safe for concurrent use.
type Hub struct {
	// PerPeer is the maximum number of members without a WebSocket for one address (see
	// PeerKey); 0 means no limit. Hubs with different limits differ in what they refuse.
	PerPeer int

	send func(place int, m *Message)

	log   []entry // the entry with number n is at n % LogSize
	first uint64  // number of the oldest entry in the log
	last  uint64  // number of the last entry
	bytes int     // size of the JSON of all entries in the log

	byConn      map[connAt]*member // members with a WebSocket
	byToken     map[Token]*member  // members that poll
	byName      map[string]*member // all members, by their folded names
	byPeer      map[Addr]int       // number of polling members of an address, by PeerKey
	nameList    memberList         // names that new members are sent
	foldScratch []byte             // scratch for a folded name
	copyScratch Message            // scratch for an entry to one connection
	waiting     map[connAt]*member // members with a waiting Poll, by its connection
	// The same members as in byName and in waiting. Clients can see the order in which the Hub goes
	// through members, and the order of a map differs from run to run. A member that leaves a list
	// gives its place to the last one. So a loop that removes members goes from the end to the start.
	members, polls []*member
	places         []int     // number of members with a WebSocket at each place
	due            time.Time // when Tick is due; no member is removed earlier
}

// entry is an entry of the log. Names can be used again, so an entry also has the numbers of its
// sender and its receiver.
type entry struct {
	Message
	from, to uint64 // numbers of members; to 0: all members; toPolling: all that poll
}

// New returns an empty room. out sends a message to a place; it must neither block nor call the
// Hub. The message is lent, but nobody writes to what it refers to, so out may keep a copy of the
// Message.
func New(out func(place int, m *Message)) *Hub {
	return &Hub{
		send: out, log: make([]entry, LogSize), first: 1,
		byConn: map[connAt]*member{}, byToken: map[Token]*member{},
		byName: map[string]*member{}, byPeer: map[Addr]int{}, waiting: map[connAt]*member{},
	}
}

// Handle handles a message from a place. m is lent. A message without a connection is dropped: the
// response to it would go to all members at the place.
func (h *Hub) Handle(now time.Time, place int, m *Message) {
	if m.Conn == 0 && m.Kind != Announce {
		return
	}
	at := connAt{place, m.Conn}
	switch m.Kind {
	case Join:
		h.handleJoin(now, place, m)
	case Say:
		if from := h.byConn[at]; from != nil {
			h.handleSay(now, from, place, m)
		} else {
			h.refuse(place, m, "say who you are first")
		}
	case Leave:
		h.removeMember(now, h.byConn[at])
	case Stop:
		if who := h.waiting[at]; who != nil {
			h.respondToPoll(now, who)
		}
	case Enter:
		h.handleEnter(now, place, m)
	case Poll, Send, Quit:
		h.handlePolling(now, place, m)
	case Announce:
		h.handleAnnounce(now, m.Text)
	}
}

// PlaceLost tells the Hub that a place has ended with all its connections.
func (h *Hub) PlaceLost(now time.Time, place int) {
	for _, m := range slices.Backward(h.polls) {
		if m.place == place {
			h.forgetPoll(now, m)
		}
	}
	if place >= len(h.places) || h.places[place] == 0 {
		return // most children serve no member, so skip the search
	}
	for _, m := range slices.Backward(h.members) {
		if !m.polls() && m.place == place {
			h.removeMember(now, m)
		}
	}
}

// handleSay publishes what a member says. It returns false if it refuses the text. The place has
// checked the text already, but an attacker may control that process.
func (h *Hub) handleSay(now time.Time, from *member, place int, m *Message) (ok bool) {
	if !utf8.Valid(m.Text) || quotedLen(m.Text) > MaxText {
		h.refuse(place, m, "the text isn't valid UTF-8, or it is too long")
		return false
	}
	said := entry{Message: Message{Kind: Said, Name: from.name, Text: bytes.Clone(m.Text)}}
	if m.To == "" {
		h.publish(now, from, said)
		return true
	}
	to := h.memberNamed(m.To)
	if to == nil {
		h.refuse(place, m, "nobody here has that name")
		return false
	}
	said.To, said.to = to.name, to.number
	if from == to {
		h.publish(now, from, said, to)
	} else {
		h.publish(now, from, said, from, to)
	}
	return true
}

func (h *Hub) refuse(place int, m *Message, reason string) {
	h.send(place, &Message{Kind: Refused, Conn: m.Conn, Text: []byte(reason)})
}

// publish numbers an entry of the member from, appends it to the log, and sends it. from is nil for
// an entry of the operator. An entry for all members goes to every place. Any other entry goes to the
// members in alone. In both cases the waiting Polls of members that receive the entry are answered.
func (h *Hub) publish(now time.Time, from *member, e entry, alone ...*member) {
	var sender connAt // the zero connAt is no connection
	if from != nil {
		e.from = from.number
		if !from.polls() { // else conn is that of a waiting Poll
			sender = from.connAt
		}
	}
	h.last++
	e.Seq, e.At = h.last, now.UnixMilli()
	e.makeJSON()
	h.appendLog(e)
	for _, m := range alone {
		if !m.polls() {
			h.sendTo(m.connAt, &e, sender)
		}
	}
	for place, members := range h.places {
		if members > 0 && e.to == 0 {
			h.sendTo(connAt{place: place}, &e, sender)
		}
	}
	for _, m := range slices.Backward(h.polls) {
		if m.receives(&e) {
			h.respondToPoll(now, m)
		} else {
			m.cursor = h.last
		}
	}
}

// sendTo sends an entry to one connection, or to all members at a place if to.conn is 0. Only the
// place of the sender is told the number of its connection, because another place may have given the
// same number to another client.
func (h *Hub) sendTo(to connAt, e *entry, sender connAt) {
	h.copyScratch = e.Message
	h.copyScratch.Conn = to.conn
	if to.place == sender.place {
		h.copyScratch.From = sender.conn
	}
	h.send(to.place, &h.copyScratch)
}

// appendLog appends an entry to the log, and drops the oldest ones to make room.
func (h *Hub) appendLog(e entry) {
	h.bytes += len(e.JSON)
	for h.last-h.first >= LogSize || h.bytes > LogBytes {
		oldest := &h.log[h.first%LogSize]
		h.bytes -= len(oldest.JSON)
		*oldest = entry{}
		h.first++
	}
	h.log[e.Seq%LogSize] = e
}
