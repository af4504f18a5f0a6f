package hub

import (
	"bytes"
	"time"
	"unicode/utf8"
)

const (
	// LogSize is the most entries that are kept.
	LogSize = 256
	// LogBytes is the most bytes that these have together, as JSON.
	LogBytes = 2 << 20
	// PollResponseBytes is the most bytes of entries in the response to a Poll, as JSON; a
	// response always has at least one entry. It keeps the response below 300 times the bytes
	// of the shortest poll, which has 76.
	PollResponseBytes = 20 << 10
	// WelcomeBytes is the most bytes that a new member is sent of the members and the
	// history, as JSON: below 300 times the 59 bytes of the shortest request to join.
	WelcomeBytes = 16 << 10
	// MembersBytes is the part of it that names may take.
	MembersBytes = 8 << 10
	// History is the most entries that a new member is sent: those that were said to all.
	History = 50
	// MaxPollingMembers is how many members without a WebSocket there may be.
	MaxPollingMembers = 1024
	// PollingTimeout is how long a polling member may be silent before it is removed.
	PollingTimeout = time.Minute
	// maxPollEntries is the most entries in the response to a Poll.
	maxPollEntries = 64
)

// Hub is the room. It is not safe for concurrent use.
type Hub struct {
	PerPeer int // the most members without a WebSocket that one address may have, see PeerKey; 0: no limit

	send   func(place int, m *Message)
	random func([]byte)

	log   []entry // of the entry with number n at n % LogSize
	first uint64  // number of the oldest entry that is kept
	last  uint64  // number of the last entry
	bytes int     // of the JSON of all that are kept

	byConn      map[uint64]*member // those with a WebSocket
	byToken     map[Token]*member  // those that poll
	byName      map[string]*member // all, by their folded names
	byPeer      map[Addr]int       // how many of those that poll have an address, by its PeerKey
	nameList    memberList         // the names that new members are sent
	foldScratch []byte             // scratch for a folded name
	copyScratch Message            // scratch for an entry that one connection is sent
	waiting     map[uint64]*member // those with a waiting Poll, by its connection
	places      []int              // how many members with a WebSocket each place has
	due         time.Time          // not later than the time at which a polling member has been silent for too long
}

// entry is what the log keeps. Names can be used again, so an entry has the numbers of
// its sender and its receiver.
type entry struct {
	Message
	from, to uint64 // numbers of members; to 0: all; to toPolling: all that poll
}

// New returns an empty room. out sends a message to a place; it must neither
// block nor call the Hub. The message is lent, but what it refers to is never
// written to again, so that a copy of it may be kept. random fills a slice with
// bytes that can't be guessed.
func New(out func(place int, m *Message), random func([]byte)) *Hub {
	return &Hub{
		send: out, random: random, log: make([]entry, LogSize), first: 1,
		byConn: map[uint64]*member{}, byToken: map[Token]*member{},
		byName: map[string]*member{}, byPeer: map[Addr]int{}, waiting: map[uint64]*member{},
	}
}

// Handle handles a message from a place. m is lent.
func (h *Hub) Handle(now time.Time, place int, m *Message) {
	switch m.Kind {
	case Join:
		h.handleJoin(now, place, m)
	case Say:
		if from := h.byConn[m.Conn]; from != nil {
			h.handleSay(now, from, place, m)
		} else {
			h.refuse(place, m, "say who you are first")
		}
	case Leave:
		h.removeMember(now, h.byConn[m.Conn])
	case Stop:
		if who := h.waiting[m.Conn]; who != nil {
			h.respondToPoll(now, m.Conn, who)
		}
	case Enter:
		h.handleEnter(now, place, m)
	case Poll, Send, Quit:
		h.handlePolling(now, place, m)
	case Announce:
		h.handleAnnounce(now, m.Text)
	}
}

// PlaceLost is called when a place, with all its connections, has ended.
func (h *Hub) PlaceLost(now time.Time, place int) {
	for conn, m := range h.waiting {
		if m.place == place {
			h.forgetPoll(now, conn)
		}
	}
	if place >= len(h.places) || h.places[place] == 0 {
		return // most children serve no member, so a search would be wasted
	}
	for _, m := range h.byConn {
		if m.place == place {
			h.removeMember(now, m)
		}
	}
}

// handleSay publishes what a member says. It reports false if it refuses the text. The
// place has checked the text, but an attacker may control that process.
func (h *Hub) handleSay(now time.Time, from *member, place int, m *Message) (ok bool) {
	if !utf8.Valid(m.Text) || quotedLen(m.Text) > MaxText {
		h.refuse(place, m, "that is no text, or it is too long")
		return false
	}
	said := entry{from: from.number, Message: Message{
		Kind: Said, Name: from.name, Text: bytes.Clone(m.Text),
	}}
	if from.token == (Token{}) { // otherwise conn is that of a waiting Poll, or 0
		said.From = from.conn
	}
	if m.To == "" {
		h.publish(now, said)
		return true
	}
	to := h.memberNamed(m.To)
	if to == nil {
		h.refuse(place, m, "nobody here has that name")
		return false
	}
	said.To, said.to = to.name, to.number
	if from == to {
		h.publish(now, said, to)
	} else {
		h.publish(now, said, from, to)
	}
	return true
}

func (h *Hub) refuse(place int, m *Message, reason string) {
	h.send(place, &Message{Kind: Refused, Conn: m.Conn, Text: []byte(reason)})
}

// publish numbers an entry, appends it to the log, and sends it to all or, if it is not
// for all, to the members in alone and to the polling members that receive it.
func (h *Hub) publish(now time.Time, e entry, alone ...*member) {
	h.last++
	e.Seq, e.At = h.last, now.UnixMilli()
	e.makeJSON()
	h.appendLog(e)
	for _, m := range alone {
		if m.token == (Token{}) {
			h.sendTo(m.place, m.conn, &e)
		}
	}
	for place, members := range h.places {
		if members > 0 && e.to == 0 {
			h.send(place, &e.Message)
		}
	}
	for conn, m := range h.waiting {
		if m.receives(&e) {
			h.respondToPoll(now, conn, m)
		} else {
			m.cursor = h.last
		}
	}
}

// sendTo sends an entry to one connection only.
func (h *Hub) sendTo(place int, conn uint64, e *entry) {
	h.copyScratch = e.Message
	h.copyScratch.Conn = conn
	h.send(place, &h.copyScratch)
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
