package session

import (
	"bytes"

	"threeloops/common/http1"
	"threeloops/common/ws"
)

// hixie is what a Session of hixie-75 or hixie-76 has beside the others'. No
// other Session has one, and asking whether there is one is all that the older
// conventions cost it.
type hixie struct {
	version int
	frames  ws.HixieReader
	within  bool // a text of ours has begun and not ended

	// Of hixie-76's handshake, until it is answered.
	one, two uint32
	body     [ws.HixieBody]byte
	came     int    // bytes of body
	reply    []byte // the answer's head
}

// speaks reports whether version is one whose frames are those of RFC 6455.
func (s *Session) speaks(version []byte) bool {
	switch string(version) {
	case "13":
		return true
	case "8", "7": // hybi-08 to hybi-12; hybi-07
		return s.cfg.Legacy
	}
	return false
}

// versions are the fields that tell a client what it could have asked for, the
// best first, as in the example of RFC 6455 4.4; hixie has no numbers.
func (s *Session) versions() []byte {
	if s.cfg.Legacy {
		return []byte("Upgrade: websocket\r\nSec-WebSocket-Version: 13, 8, 7\r\n")
	}
	return []byte("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n")
}

// hixieVersion tells by what a handshake has, and by what it lacks, whether it
// is one of hixie-76, of hixie-75, or of neither (0). The latter had no key of
// any kind, so it shows by an Origin, which it never went without.
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

// upgradeHixie goes on where Upgrade has found a handshake of hixie.
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
		c.Refuse(400, "a WebSocket handshake of that convention has no body", nil)
	case h.version == 76 && !(ok1 && ok2):
		c.Refuse(400, "Sec-WebSocket-Key1 and -Key2 must be numbers that their spaces divide", nil)
	case !ok:
		c.Refuse(400, "a WebSocket handshake of that convention needs an Origin", nil)
	case s.phase != reply:
	case s.leaving:
		c.Refuse(503, "the server is shutting down", nil)
	default:
		h.one, h.two = one, two
		h.frames.Init(h.version == 76, s.messageLimit(streamed))
		h.reply = h.answer(r, origin, protocols)
		s.dialect, s.streamed = &dialect{hixie: h}, streamed
		if h.version == 76 {
			s.turn(challenged)
		} else {
			s.openHixie()
		}
		return true
	}
	return false
}

// answer is the head of the answer. A client compares the origin and the
// location with its own; one of hixie-75 also compares the first three lines,
// byte by byte.
func (h *hixie) answer(r *http1.Request, origin []byte, protocols []string) []byte {
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
	if p := chosenHixie(r, prefix+"Protocol", protocols); p != "" {
		b = append(append(append(b, "\r\n"...), prefix...), "Protocol: "...)
		b = append(b, p...)
	}
	return append(b, "\r\n\r\n"...)
}

// chosenHixie is chosen for a field whose names are parted by spaces. Where
// none of them is spoken here the answer has no such field, and it is the client
// that gives up.
func chosenHixie(r *http1.Request, field string, protocols []string) string {
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

// takeChallenge takes in the bytes behind the head of a hixie-76 handshake, and
// answers when there are eight. They are no body: no field announces them, so to
// HTTP the request has ended before them.
func (s *Session) takeChallenge(p []byte) (n int) {
	h := s.hixie()
	n = copy(h.body[h.came:], p)
	h.came += n
	switch {
	case h.came < len(h.body):
	case s.leaving:
		s.refuse(503, "the server is shutting down")
	default:
		h.reply = ws.AppendHixieAnswer(h.reply, h.one, h.two, h.body)
		s.openHixie()
	}
	return n
}

func (s *Session) openHixie() {
	s.out.Append(s.hixie().reply)
	s.hixie().reply = nil
	s.opened()
}

// mayClose reports whether there is a closing handshake: not before hixie-76,
// and not inside a text, which would seem to be whole. Then the connection just
// ends.
func (h *hixie) mayClose() bool { return h.version == 76 && !h.within }

func (s *Session) queueHixieClose() {
	if s.hixie().mayClose() {
		s.out.Append(ws.AppendHixieClose(nil))
	}
}

// sendHixie is SendPiece.
func (s *Session) sendHixie(text bool, p []byte, first, last bool) bool {
	if !s.mayHixie(text, p) {
		return false
	}
	s.out.Commit(ws.AppendHixie(s.out.Room(2+len(p)), p, first, last))
	s.hixie().within = !last
	s.sentMessage(last)
	return true
}

// shareHixie is SendRuns.
func (s *Session) shareHixie(text bool, runs [][]byte) bool {
	if !s.mayHixie(text, runs...) {
		return false
	}
	s.out.Append(ws.AppendHixie(nil, nil, true, false))
	for _, p := range runs {
		s.out.Share(p)
	}
	s.out.Append(ws.AppendHixie(nil, nil, false, true))
	s.sentMessage(true)
	return true
}

// mayHixie reports whether a message can be sent to a peer that knows text
// alone. If not, the connection ends: a message left out would be a lie.
func (s *Session) mayHixie(text bool, runs ...[]byte) bool {
	for _, p := range runs {
		text = text && ws.HixieText(p)
	}
	if !text {
		s.goodbye(ws.UnsupportedData, "")
		s.called()
	}
	return text
}
