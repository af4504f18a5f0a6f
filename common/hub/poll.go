package hub

import "time"

// enter makes a member that polls. Its answer is what join tells a WebSocket.
func (h *Hub) enter(now time.Time, place int, m *Message) {
	peer := PeerKey(m.Peer)
	reason := h.fullFor(peer)
	switch {
	case len(h.byToken) >= MaxPolling:
		reason = "the room is full: come with a WebSocket, or later"
	case reason == "":
		reason = h.objection(m.Name)
	}
	if reason != "" {
		h.refuse(place, m, reason)
		return
	}
	who := &member{name: m.Name, number: h.last + 1, peer: peer}
	h.random(who.token[:])
	h.introduce(place, m.Conn, who)
	h.out(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
	h.byToken[who.token] = who
	h.seat(who)
	h.admit(who)
	h.heard(now, who)
	h.enterLog(now, entry{from: who.number, Message: Message{Kind: Joined, Name: who.name}})
}

// NoSession is why a request with a Token is refused that no member has.
const NoSession = "no such session: it has expired, or never was"

// polling does what a member that polls asks for.
func (h *Hub) polling(now time.Time, place int, m *Message) {
	who := h.byToken[m.Token]
	if who == nil {
		h.refuse(place, m, NoSession)
		return
	}
	h.heard(now, who)
	switch m.Kind {
	case Poll:
		h.poll(now, place, m, who)
	case Send:
		if h.say(now, who, place, m) {
			h.out(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
		}
	case Quit:
		h.leave(now, who)
		h.out(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
	}
}

// poll answers with what there is after m.Seq, or waits. A member waits once:
// a second Poll ends the first.
func (h *Hub) poll(now time.Time, place int, m *Message, who *member) {
	if who.conn != 0 {
		h.answer(now, who.conn, who)
	}
	who.conn, who.place, who.until = m.Conn, place, time.Time{}
	who.since = max(min(m.Seq, h.last), who.number-1)
	h.waiting[m.Conn] = who
	for n := who.since + 1; n <= h.last; n++ {
		if n < h.first || who.mayHear(&h.log[n%LogSize]) {
			h.answer(now, m.Conn, who)
			return
		}
	}
	who.since = h.last
}

// answer ends a Poll that waits, with what its member has not heard, up to a
// batch of it and up to AnswerBytes.
func (h *Hub) answer(now time.Time, conn uint64, who *member) {
	n := who.since + 1
	if n < h.first {
		h.out(who.place, &Message{Kind: Missed, Conn: conn, Seq: h.first - 1})
		n = h.first
	}
	more, given := uint32(0), 0
	for room := AnswerBytes; n <= h.last; n++ {
		e := &h.log[n%LogSize]
		if !who.mayHear(e) {
			continue
		}
		if room -= len(e.JSON) + len(","); given == batch || given > 0 && room < 0 {
			more = 1
			break
		}
		h.give(who.place, conn, e)
		given++
	}
	h.out(who.place, &Message{Kind: Done, Conn: conn, Seq: n - 1, More: more})
	h.stop(now, conn)
}

// mayHear reports whether an entry concerns a member: it was there, and the
// entry is for all, or for it, or by it. Only members that poll are asked about.
func (m *member) mayHear(e *entry) bool {
	return e.Seq >= m.number && (e.to == 0 || e.to == toPolling || e.to == m.number || e.from == m.number)
}

// stop forgets a Poll that waits.
func (h *Hub) stop(now time.Time, conn uint64) {
	if who := h.waiting[conn]; who != nil {
		delete(h.waiting, conn)
		who.conn, who.place = 0, 0
		h.heard(now, who)
	}
}

// heard gives a member that polls another Patience.
func (h *Hub) heard(now time.Time, who *member) {
	if who.conn != 0 {
		return // a Poll of its own waits
	}
	who.until = now.Add(Patience)
	if h.due.IsZero() {
		h.due = who.until
	}
}

// Deadline is when Tick is due; zero: never.
func (h *Hub) Deadline() time.Time { return h.due }

// Tick says that Deadline has passed: members that poll, and were silent for
// too long, have left.
func (h *Hub) Tick(now time.Time) {
	h.due = time.Time{}
	for _, m := range h.byToken {
		if !m.until.IsZero() && !now.Before(m.until) {
			h.leave(now, m)
		}
	}
	for _, m := range h.byToken {
		if !m.until.IsZero() && (h.due.IsZero() || m.until.Before(h.due)) {
			h.due = m.until
		}
	}
}
