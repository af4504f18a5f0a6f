package hub

import (
	"bytes"
	"time"
)

// AppendOperator appends the JSON of the operator's text for a client of the room that
// has a WebSocket. It is no entry: it has no number, and new members don't get it.
func AppendOperator(b, text []byte) []byte {
	return append(appendQuoted(append(b, `{"type":"operator","text":`...), text), '}')
}

// toPolling replaces the number of a member: an entry to it is for all polling members.
const toPolling = ^uint64(0)

// handleAnnounce publishes the operator's text. A polling member may have no connection
// at the moment, so the log has to keep the text for it.
func (h *Hub) handleAnnounce(now time.Time, text []byte) {
	if len(h.byToken) > 0 {
		h.publish(now, entry{to: toPolling, Message: Message{Kind: Announced, Text: bytes.Clone(text)}})
	}
}
