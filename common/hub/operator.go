package hub

import (
	"bytes"
	"time"
)

// AppendOperator appends the JSON of the operator's text for a client that has a WebSocket. The
// text isn't an entry: it has no number, and new members don't get it.
func AppendOperator(b, text []byte) []byte {
	return append(appendQuoted(append(b, `{"type":"operator","text":`...), text), '}')
}

// toPolling stands in an entry in place of the receiver's number. The entry is then for all polling
// members.
const toPolling = ^uint64(0)

// handleAnnounce publishes the operator's text. A polling member may have no connection at the
// moment, so the log must keep the text for it.
func (h *Hub) handleAnnounce(now time.Time, text []byte) {
	if len(h.byToken) > 0 {
		h.publish(now, nil, entry{to: toPolling, Message: Message{Kind: Announced, Text: bytes.Clone(text)}})
	}
}
