package hub

import (
	"cmp"
	"slices"
	"time"
)

// handleEnter adds a polling member. Its response is what handleJoin sends to a WebSocket.
//
// The Token comes from the place, where an attacker may have chosen it. It must not be zero, because
// then the member would count as one with a WebSocket, and not be that of another member, because the
// other member would lose its session. Any other Token harms only the member that has it.
func (h *Hub) handleEnter(now time.Time, place int, m *Message) {
	peer := PeerKey(m.Peer)
	reason := h.peerLimitReason(peer)
	switch {
	case m.Token == Token{} || h.byToken[m.Token] != nil:
		reason = "the new session's token is zero or in use"
	case len(h.byToken) >= MaxPollingMembers:
		reason = "the room is full: join with a WebSocket, or try again later"
	case reason == "":
		reason = h.nameProblem(m.Name)
	}
	if reason != "" {
		h.refuse(place, m, reason)
		return
	}
	who := &member{name: m.Name, number: h.last + 1, token: m.Token, peer: peer}
	h.sendWelcome(connAt{place, m.Conn}, who)
	h.send(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
	h.byToken[who.token] = who
	h.countPeer(who)
	h.addName(who)
	h.renewTimeout(now, who)
	h.publish(now, who, entry{Message: Message{Kind: Joined, Name: who.name}})
}

// NoSession is the reason in a Refused if no member has the Token of the request.
const NoSession = "no such session: it has expired or never existed"

func (h *Hub) handlePolling(now time.Time, place int, m *Message) {
	who := h.byToken[m.Token]
	if who == nil {
		h.refuse(place, m, NoSession)
		return
	}
	h.renewTimeout(now, who)
	switch m.Kind {
	case Poll:
		h.handlePoll(now, place, m, who)
	case Send:
		if h.handleSay(now, who, place, m) {
			h.send(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
		}
	case Quit:
		h.removeMember(now, who)
		h.send(place, &Message{Kind: Done, Conn: m.Conn, Seq: h.last})
	}
}

// handlePoll responds with the entries after m.Seq, or waits for one. A member can have one waiting
// Poll, and so can a connection: a second one ends the first.
func (h *Hub) handlePoll(now time.Time, place int, m *Message, who *member) {
	at := connAt{place, m.Conn}
	if who.conn != 0 {
		h.respondToPoll(now, who)
	}
	if other := h.waiting[at]; other != nil {
		h.respondToPoll(now, other)
	}
	who.connAt, who.expires = at, time.Time{}
	who.cursor = max(min(m.Seq, h.last), who.number-1)
	h.waiting[at] = who
	who.pollIndex = len(h.polls)
	h.polls = append(h.polls, who)
	for n := who.cursor + 1; n <= h.last; n++ {
		if n < h.first || who.receives(&h.log[n%LogSize]) {
			h.respondToPoll(now, who)
			return
		}
	}
	who.cursor = h.last
}

// respondToPoll ends a waiting Poll. It sends the entries after the cursor, up to maxPollEntries
// and PollResponseBytes.
func (h *Hub) respondToPoll(now time.Time, who *member) {
	n := who.cursor + 1
	if n < h.first {
		h.send(who.place, &Message{Kind: Missed, Conn: who.conn, Seq: h.first - 1})
		n = h.first
	}
	more, given := uint32(0), 0
	for room := PollResponseBytes; n <= h.last; n++ {
		e := &h.log[n%LogSize]
		if !who.receives(e) {
			continue
		}
		if room -= len(e.JSON) + len(","); given == maxPollEntries || given > 0 && room < 0 {
			more = 1
			break
		}
		h.sendTo(who.connAt, e, connAt{})
		given++
	}
	h.send(who.place, &Message{Kind: Done, Conn: who.conn, Seq: n - 1, More: more})
	h.forgetPoll(now, who)
}

// receives reports whether a polling member receives an entry: it was a member at that time, and
// the entry is for all members, for all polling members, for it, or from it.
func (m *member) receives(e *entry) bool {
	return e.Seq >= m.number && (e.to == 0 || e.to == toPolling || e.to == m.number || e.from == m.number)
}

// forgetPoll forgets the waiting Poll of a member, and restarts the member's timeout.
func (h *Hub) forgetPoll(now time.Time, who *member) {
	delete(h.waiting, who.connAt)
	last := len(h.polls) - 1
	h.polls[last].pollIndex = who.pollIndex
	h.polls[who.pollIndex], h.polls[last] = h.polls[last], nil
	h.polls = h.polls[:last]
	who.connAt, who.pollIndex = connAt{}, 0
	h.renewTimeout(now, who)
}

// renewTimeout restarts the PollingTimeout of a member.
func (h *Hub) renewTimeout(now time.Time, who *member) {
	if who.conn != 0 {
		return // a waiting Poll has no timeout here
	}
	who.expires = now.Add(PollingTimeout)
	if h.due.IsZero() || who.expires.Before(h.due) { // the latter if now has gone back
		h.due = who.expires
	}
}

// Deadline returns the time at which Tick is due, or zero for never.
func (h *Hub) Deadline() time.Time { return h.due }

// afterStandstill is how much more time polling members get when Tick comes late: the machine or the
// process has stood still. Then polls that arrived in time may still be in the sockets of other loops.
const afterStandstill = time.Second

// Tick removes the polling members whose PollingTimeout has passed. Call it when Deadline has
// passed. If that was long ago, Tick only sets a new Deadline.
func (h *Hub) Tick(now time.Time) {
	if now.Sub(h.due) > afterStandstill && !h.due.IsZero() {
		h.due = now.Add(afterStandstill)
		return
	}
	h.due = time.Time{}
	var expired []*member
	for _, m := range h.byToken {
		if !m.expires.IsZero() && !now.Before(m.expires) {
			expired = append(expired, m)
		}
	}
	slices.SortFunc(expired, func(a, b *member) int { return cmp.Compare(a.number, b.number) })
	for _, m := range expired {
		h.removeMember(now, m)
	}
	for _, m := range h.byToken {
		if !m.expires.IsZero() && (h.due.IsZero() || m.expires.Before(h.due)) {
			h.due = m.expires
		}
	}
}
