package hub

import (
	"bytes"
	"time"
)

const (
	// LogSize is how many entries are kept.
	LogSize = 256
	// History is how many of them, at most, a newcomer is given: what was said to all.
	History = 50
	// MaxPolling is how many members may be there at once without a WebSocket.
	MaxPolling = 1024
	// Patience is how long a member that polls may be silent before it has left.
	Patience = time.Minute
	// batch is how many entries one Poll is answered with at most.
	batch = 64
)

// Hub is the room. It is not safe for concurrent use.
type Hub struct {
	out    func(place int, m *Message)
	random func([]byte)

	log  []entry // of the entry with number n at n % LogSize
	last uint64  // number of the last entry

	byConn  map[uint64]*member // those with a WebSocket
	byToken map[Token]*member  // those that poll
	byName  map[string]*member // all, by their folded names
	waiting map[uint64]*member // those of whom a Poll waits, by its connection
	places  []int              // how many members with a WebSocket are where
	due     time.Time          // not later than the time at which a polling member has been silent for too long
}

// entry is what the log keeps. Names may be given anew, so it notes by number
// whom it concerns.
type entry struct {
	Message
	from, to uint64 // numbers of members; to 0: all
}

// New returns an empty room. out sends a message to a place; it must neither
// block nor call the Hub. What the message refers to is never written to again,
// so that it may be kept. random fills a slice with bytes that can't be guessed.
func New(out func(place int, m *Message), random func([]byte)) *Hub {
	return &Hub{
		out: out, random: random, log: make([]entry, LogSize),
		byConn: map[uint64]*member{}, byToken: map[Token]*member{},
		byName: map[string]*member{}, waiting: map[uint64]*member{},
	}
}

// Do does what a message from a place asks for. m is lent.
func (h *Hub) Do(now time.Time, place int, m *Message) {
	switch m.Kind {
	case Join:
		h.join(now, place, m)
	case Say:
		if from := h.byConn[m.Conn]; from != nil {
			h.say(now, from, place, m)
		} else {
			h.refuse(place, m, "say who you are first")
		}
	case Leave:
		h.leave(now, h.byConn[m.Conn])
	case Stop:
		if who := h.waiting[m.Conn]; who != nil {
			h.answer(now, m.Conn, who)
		}
	case Enter:
		h.enter(now, place, m)
	case Poll, Send, Quit:
		h.polling(now, place, m)
	}
}

// Lost says that a place is gone, with every connection that was there.
func (h *Hub) Lost(now time.Time, place int) {
	for conn, m := range h.waiting {
		if m.place == place {
			h.stop(now, conn)
		}
	}
	if place >= len(h.places) || h.places[place] == 0 {
		return // as is every child's that serves no member, and it is not worth a search
	}
	for _, m := range h.byConn {
		if m.place == place {
			h.leave(now, m)
		}
	}
}

// say enters what a member says. It reports false if it is to one who isn't there.
func (h *Hub) say(now time.Time, from *member, place int, m *Message) (ok bool) {
	said := entry{from: from.number, Message: Message{
		Kind: Said, Name: from.name, Text: bytes.Clone(m.Text),
	}}
	if from.token == (Token{}) { // else conn, if any, is of a Poll that waits
		said.From = from.conn
	}
	if m.To == "" {
		h.enterLog(now, said)
		return true
	}
	to := h.byName[fold(m.To)]
	if to == nil {
		h.refuse(place, m, "nobody here has that name")
		return false
	}
	said.To, said.to = to.name, to.number
	if from == to {
		h.enterLog(now, said, to)
	} else {
		h.enterLog(now, said, from, to)
	}
	return true
}

func (h *Hub) refuse(place int, m *Message, reason string) {
	h.out(place, &Message{Kind: Refused, Conn: m.Conn, Text: []byte(reason)})
}

// enterLog numbers an entry, keeps it, and sends it to all, or to some alone.
func (h *Hub) enterLog(now time.Time, e entry, alone ...*member) {
	h.last++
	e.Seq, e.At = h.last, now.UnixMilli()
	h.log[e.Seq%LogSize] = e
	for _, m := range alone {
		if m.token == (Token{}) {
			e.Conn = m.conn
			h.out(m.place, &e.Message)
		}
	}
	for place, members := range h.places {
		if members > 0 && len(alone) == 0 {
			h.out(place, &e.Message)
		}
	}
	for conn, m := range h.waiting {
		if m.mayHear(&e) {
			h.answer(now, conn, m)
		} else {
			m.since = h.last
		}
	}
}

// first is the number of the oldest entry that is kept.
func (h *Hub) first() uint64 {
	if h.last < LogSize {
		return 1
	}
	return h.last - LogSize + 1
}
