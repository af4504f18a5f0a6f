package hub

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxName is the most characters that a name may have, MaxNameBytes how many
// bytes that can be.
const (
	MaxName      = 32
	MaxNameBytes = MaxName * utf8.UTFMax
)

// member is someone in the room.
type member struct {
	number uint64 // of the entry that says it joined: never given twice
	name   string
	conn   uint64 // its WebSocket, or the request that waits for it; 0: none
	place  int    // where conn is

	token Token     // of one that polls
	since uint64    // up to which entry there is nothing that a waiting Poll doesn't know
	until time.Time // when it has been silent for too long; zero: it has a WebSocket, or a Poll that waits
}

// fold makes names equal that look alike but for their case.
func fold(name string) string { return strings.ToLower(name) }

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
	h.byName[fold(who.name)] = who
	for len(h.places) <= place {
		h.places = append(h.places, 0)
	}
	h.places[place]++
	h.enterLog(now, entry{from: who.number, Message: Message{Kind: Joined, Name: who.name, From: who.conn}})
}

// objection says what is wrong with a newcomer's name, or "".
func (h *Hub) objection(name string) string {
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > MaxName || strings.TrimSpace(name) != name || !utf8.ValidString(name):
		return "a name has 1 to 32 characters, and no space at its ends"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "a name has printable characters only"
	case h.byName[fold(name)] != nil:
		return "someone here is called " + name + " already"
	}
	return ""
}

// introduce tells conn that it is a member, who else is, and what was said last.
func (h *Hub) introduce(place int, conn uint64, who *member) {
	h.out(place, &Message{Kind: Welcome, Conn: conn, Name: who.name, Seq: h.last, Token: who.token})
	var names []byte
	for _, m := range h.byName {
		if len(names)+1+len(m.name) > MaxText {
			h.out(place, &Message{Kind: Present, Conn: conn, Text: names})
			names = nil // the place may have kept those
		}
		if len(names) > 0 {
			names = append(names, '\n')
		}
		names = append(names, m.name...)
	}
	h.out(place, &Message{Kind: Present, Conn: conn, Text: names})
	h.history(func(e *entry) {
		m := e.Message
		m.Conn = conn
		h.out(place, &m)
	})
}

// history calls give for the last entries that newcomers may hear, the oldest first.
func (h *Hub) history(give func(*entry)) {
	from, left := h.last+1, History
	for from > h.first() && left > 0 {
		from--
		if h.log[from%LogSize].public() {
			left--
		}
	}
	for ; from <= h.last; from++ {
		if e := &h.log[from%LogSize]; e.public() {
			give(e)
		}
	}
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
	}
	delete(h.byName, fold(m.name))
	h.enterLog(now, entry{from: m.number, Message: Message{Kind: Left, Name: m.name, From: m.conn}})
}
