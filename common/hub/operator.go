package hub

import (
	"bytes"
	"time"
)

// AppendOperator appends what a client of the room that has a WebSocket is sent of the
// operator's words. They are no entry: they have no number, and newcomers don't get them.
func AppendOperator(b, text []byte) []byte {
	return append(appendQuoted(append(b, `{"type":"operator","text":`...), text), '}')
}

// toPolling stands for the number of a member: an entry with it is for all members that poll.
const toPolling = ^uint64(0)

// handleAnnounce enters what the operator says. A member that polls may have no connection at
// the moment, so only the log can keep the words for it.
func (h *Hub) handleAnnounce(now time.Time, text []byte) {
	if len(h.byToken) > 0 {
		h.publish(now, entry{to: toPolling, Message: Message{Kind: Announced, Text: bytes.Clone(text)}})
	}
}
