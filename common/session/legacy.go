package session

import (
	"bytes"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// hixie is the additional state of a Session that speaks hixie-75 or hixie-76. For every other
// Session the older protocol versions cost only a comparison with nil.
type hixie struct {
	version    int
	frames     ws.HixieReader
	insideText bool // we have sent the beginning of a text, but not its end

	// Of a hixie-76 handshake, until its response is queued.
	one, two  uint32
	body      [ws.HixieBody]byte
	bodyBytes int    // bytes of body that have arrived
	response  []byte // the status line and header fields of the response
}

// supportsVersion reports whether the server accepts a Sec-WebSocket-Version. All versions that
// have such a number have the frames of RFC 6455.
func (s *Session) supportsVersion(version []byte) bool {
	switch string(version) {
	case "13":
		return true
	case "8", "7": // hybi-08 to hybi-12; hybi-07
		return s.cfg.Legacy
	}
	return false
}

// versionFields are the header fields that list the accepted versions, the best first, as in the
// example of RFC 6455 4.4. The hixie versions have no numbers.
func (s *Session) versionFields() []byte {
	if s.cfg.Legacy {
		return []byte("Upgrade: websocket\r\nSec-WebSocket-Version: 13, 8, 7\r\n")
	}
	return []byte("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
}

// hixieVersion returns 76 or 75 for a handshake of hixie-76 or hixie-75, and otherwise 0. A
// handshake of hixie-75 has no key, but it always has an Origin.
func hixieVersion(r *http1.Request) int {
	has := func(name string) bool { _, ok := r.Field(name); return ok }
	switch {
	case has("Sec-WebSocket-Version"), has("Sec-WebSocket-Key"):
		return 0
	case has("Sec-WebSocket-Key1"), has("Sec-WebSocket-Key2"):
		return 76
	case has("Origin"):
		return 75
	}
	return 0
}

// upgradeHixie does what Upgrade does, for a handshake of hixie-75 or hixie-76.
func (s *Session) upgradeHixie(r *http1.Request, protocols []string, streamed bool) bool {
	c := (*Conn)(s)
	h := &hixie{version: hixieVersion(r)}
	key1, _ := r.Field("Sec-WebSocket-Key1")
	key2, _ := r.Field("Sec-WebSocket-Key2")
	one, ok1 := ws.HixieNumber(key1)
	two, ok2 := ws.HixieNumber(key2)
	origin, ok := r.Field("Origin")
	switch {
	case r.ContentLength() != 0:
		c.Refuse(400, "a WebSocket handshake of this protocol version must not have a body", nil)
	case h.version == 76 && !(ok1 && ok2):
		c.Refuse(400, "the number in Sec-WebSocket-Key1 and -Key2 must be a multiple of the number of spaces", nil)
	case !ok:
		c.Refuse(400, "a WebSocket handshake of this protocol version needs an Origin", nil)
	case s.phase != reply:
	case s.stopping:
		c.Refuse(503, "the server is shutting down", nil)
	default:
		h.one, h.two = one, two
		h.frames.Init(h.version == 76, s.messageLimit(streamed))
		h.response = h.response101(r, origin, protocols)
		s.dialect, s.streamed = &dialect{hixie: h}, streamed
		if h.version == 76 {
			s.transition(challenged)
		} else {
			s.openHixie()
		}
		return true
	}
	return false
}

// response101 is the response to a handshake, without the 16 bytes at its end in hixie-76. A client
// compares the origin and the location with its own. A hixie-75 client also compares the first
// three lines, byte by byte.
func (h *hixie) response101(r *http1.Request, origin []byte, protocols []string) []byte {
	phrase, prefix := "WebSocket", "Sec-WebSocket-"
	if h.version == 75 {
		phrase, prefix = "Web Socket", "WebSocket-"
	}
	b := append([]byte("HTTP/1.1 101 "), phrase...)
	b = append(b, " Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"...)
	b = append(append(append(b, prefix...), "Origin: "...), origin...)
	b = append(append(append(b, "\r\n"...), prefix...), "Location: ws://"...)
	b = append(append(b, r.Host()...), r.Path()...)
	if q := r.Query(); len(q) > 0 {
		b = append(append(b, '?'), q...)
	}
	if p := chooseHixieProtocol(r, prefix+"Protocol", protocols); p != "" {
		b = append(append(append(b, "\r\n"...), prefix...), "Protocol: "...)
		b = append(b, p...)
	}
	return append(b, "\r\n\r\n"...)
}

// chooseHixieProtocol does what chooseProtocol does, for a field whose names are separated by
// spaces. If the server speaks none of the protocols, the response doesn't have the field, and the
// client gives up.
func chooseHixieProtocol(r *http1.Request, field string, protocols []string) string {
	value, _ := r.Field(field)
	for _, p := range protocols {
		for name := range bytes.FieldsSeq(value) {
			if string(name) == p {
				return p
			}
		}
	}
	return ""
}

// processChallenge collects the eight bytes after the header fields of a hixie-76 handshake, and
// then queues the response. The bytes are no body, because no header field announces them. So for
// HTTP the request ends before them.
func (s *Session) processChallenge(p []byte) (n int) {
	h := s.hixie()
	n = copy(h.body[h.bodyBytes:], p)
	h.bodyBytes += n
	switch {
	case h.bodyBytes < len(h.body):
	case s.stopping:
		s.refuse(503, "the server is shutting down")
	default:
		h.response = ws.AppendHixieAnswer(h.response, h.one, h.two, h.body)
		s.openHixie()
	}
	return n
}

func (s *Session) openHixie() {
	s.out.Append(s.hixie().response)
	s.hixie().response = nil
	s.webSocketOpened()
}

// mayClose reports whether the closing handshake is possible. hixie-75 has none. In hixie-76 it
// isn't possible within a text, because the text would seem complete. Without a closing handshake
// the connection simply ends.
func (h *hixie) mayClose() bool { return h.version == 76 && !h.insideText }

func (s *Session) queueHixieClose() {
	if s.hixie().mayClose() {
		s.out.Append(ws.AppendHixieClose(nil))
	}
}

// sendHixie does what SendPiece does.
func (s *Session) sendHixie(text bool, p []byte, first, last bool) bool {
	if !s.mayHixie(text, p) {
		return false
	}
	s.out.Commit(ws.AppendHixie(s.out.Room(2+len(p)), p, first, last))
	s.hixie().insideText = !last
	s.sentMessage(last)
	return true
}

// shareHixie does what SendBuffers does.
func (s *Session) shareHixie(text bool, buffers [][]byte) bool {
	if !s.mayHixie(text, buffers...) {
		return false
	}
	s.out.Append(ws.AppendHixie(nil, nil, true, false))
	for _, p := range buffers {
		s.out.Share(p)
	}
	s.out.Append(ws.AppendHixie(nil, nil, false, true))
	s.sentMessage(true)
	return true
}

// mayHixie reports whether a message can be sent to a hixie peer, which can only receive text. If
// it can't, mayHixie closes the WebSocket, because the peer must not miss a message without
// noticing it.
func (s *Session) mayHixie(text bool, buffers ...[]byte) bool {
	for _, p := range buffers {
		text = text && ws.HixieText(p)
	}
	if !text {
		s.beginClose(ws.UnsupportedData, "")
		s.wakeDriver()
	}
	return text
}
