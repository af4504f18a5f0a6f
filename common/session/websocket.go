package session

import (
	"bytes"

	"threeloops/common/http1"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Upgrade responds to the request r with 101 and opens a WebSocket. If r isn't a valid handshake,
// Upgrade refuses it with an error response. protocols are the subprotocols of the route, the best
// first. With streamed the application gets messages in pieces; then messages can't be compressed.
//
// Upgrade reports whether App.Open was called. There is one exception: for a hixie-76 peer it
// returns true earlier. App.Open is called when the eight bytes after the request have arrived. If
// they never arrive, only App.Gone is called.
//
// RFC 6455 4.2.1 lists what a handshake must have. 4.4 requires a response that names the server's
// versions if the client asks for another one.
func (c *Conn) Upgrade(r *http1.Request, protocols []string, streamed bool) bool {
	s := (*Session)(c)
	version, versions := field(r, "Sec-WebSocket-Version")
	key, keys := field(r, "Sec-WebSocket-Key")
	deflate, ok := s.agreeOnDeflate(r, streamed)
	switch {
	case string(r.Method()) != "GET" || r.Minor() < 1 || !r.HasToken("Upgrade", "websocket"):
		// RFC 9110 7.8: "A server that receives an Upgrade header field in an HTTP/1.0 request MUST
		// ignore that Upgrade field."
		c.Refuse(426, "this resource needs a WebSocket handshake: a GET of HTTP/1.1 with Upgrade: websocket", s.versionFields())
	case !r.HasToken("Connection", "upgrade"):
		c.Refuse(400, "a WebSocket handshake needs Connection: Upgrade", nil)
	case s.cfg.Legacy && hixieVersion(r) != 0:
		return s.upgradeHixie(r, protocols, streamed)
	case versions > 1 || keys > 1:
		// RFC 6455 11.3.1, 11.3.5: neither may "appear more than once in an HTTP request".
		c.Refuse(400, "a WebSocket handshake must have one Sec-WebSocket-Version and one Sec-WebSocket-Key", nil)
	case !s.supportsVersion(version):
		c.Refuse(426, "this server speaks WebSocket version 13", s.versionFields())
	case !ws.ValidKey(key):
		c.Refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64", nil)
	case !ok:
		c.Refuse(400, "Sec-WebSocket-Extensions is malformed", nil)
	case s.phase != reply:
	case s.stopping:
		c.Refuse(503, "the server is shutting down", nil)
	default:
		s.queueUpgradeResponse(key, chooseProtocol(r, protocols), deflate)
		s.frames.Init(ws.Server, s.messageLimit(streamed))
		s.frames.Hybi07 = string(version) != "13"
		if deflate.On {
			s.frames.Rsv1, s.dialect = true, &dialect{deflate: &deflateState{agreed: deflate}}
		}
		s.streamed = streamed
		s.webSocketOpened()
		return true
	}
	return false
}

// messageLimit is the most bytes that a message may have; 0 is no limit. The limit protects the
// memory for messages that are held whole, so a streamed message has no limit.
func (s *Session) messageLimit(streamed bool) int64 {
	if streamed {
		return 0
	}
	return s.cfg.MaxMessage
}

// agreeOnDeflate accepts an offer of permessage-deflate in r, if there is a suitable one. ok is
// false if the list of extensions is malformed.
func (s *Session) agreeOnDeflate(r *http1.Request, streamed bool) (d ws.Deflate, ok bool) {
	const name = "Sec-WebSocket-Extensions"
	if _, offered := r.Field(name); !offered {
		return d, true
	}
	d, ok = ws.AcceptDeflate(r.Fields(name), s.cfg.Compress == DeflateTakeover)
	d.On = d.On && s.cfg.Compress != DeflateOff && !streamed
	return d, ok
}

// field returns the value of the last field with that name, and the number of such fields.
func field(r *http1.Request, name string) (value []byte, n int) {
	for v := range r.Fields(name) {
		value = v
		n++
	}
	return value, n
}

// chooseProtocol returns the first of protocols that the client offers, or "". It compares the
// names byte by byte, because a client accepts a name only as it has offered it.
func chooseProtocol(r *http1.Request, protocols []string) string {
	for _, p := range protocols {
		for value := range r.Fields("Sec-WebSocket-Protocol") {
			for offer := range bytes.SplitSeq(value, []byte(",")) {
				if string(bytes.Trim(offer, " \t")) == p {
					return p
				}
			}
		}
	}
	return ""
}

func (s *Session) queueUpgradeResponse(key []byte, protocol string, deflate ws.Deflate) {
	b := s.out.Room(256)
	b = http1.AppendStatusLine(b, 101)
	b = append(b, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = ws.AppendAccept(b, key)
	if protocol != "" {
		b = append(b, "\r\nSec-WebSocket-Protocol: "...)
		b = append(b, protocol...)
	}
	if deflate.On {
		b = append(b, "\r\nSec-WebSocket-Extensions: "...)
		b = deflate.AppendResponse(b)
	}
	s.out.Commit(append(b, "\r\n\r\n"...))
}

// webSocketOpened is called when the response to the handshake is queued.
func (s *Session) webSocketOpened() {
	s.transition(upgraded)
	s.peerCloseCode, s.peerPromisedEnd = ws.Abnormal, false
	s.cfg.Stat.Add(stat.Upgrades, 1)
	s.cfg.App.Open((*Conn)(s))
}

// processFrames processes frames until p is used up, input must wait, or the WebSocket ends. It
// returns how many bytes of p it has processed.
func (s *Session) processFrames(p []byte) (n int) {
	messages := 0
	// The conditions are checked before each frame, because each message calls the application, and
	// the application may fill the queue, pause the WebSocket or close it. Then Feed parks the rest
	// of p, or it stays parked.
	for s.phase.webSocket() && !s.inputBlocked() && s.mayWork() {
		// Nearly every message of a busy connection is short and lies whole in p. For these there
		// is a shorter way with the same result. (A frame that breaks a rule never takes it.)
		if k := s.processShort(p[n:]); k > 0 {
			n += k
			messages++
			s.cfg.spend(messageWork)
			continue
		}
		var ev ws.Event
		var k int
		if s.hixie() == nil {
			ev, k = s.frames.Next(p[n:])
		} else {
			ev, k = s.hixie().frames.Next(p[n:])
		}
		n += k
		if ev.Kind == ws.NeedMore { // p is used up: n is len(p)
			break
		}
		s.cfg.spend(eventWork)
		// After our Close is queued, the application gets no further messages. handleControl drops
		// them, since it has no case for Data. The session only waits for the peer's Close.
		if ev.Kind == ws.Data && s.phase != closing {
			if s.deliverMessage(&ev) {
				messages++
			}
			continue
		}
		s.handleControl(&ev)
	}
	if messages > 0 {
		s.cfg.Stat.Add(stat.MessagesIn, messages)
	}
	return n
}

// processShort passes the message at the beginning of p to the application, if it is short, whole
// and uncompressed. It returns how many bytes of p it has processed, or 0 if the message is of
// another kind.
func (s *Session) processShort(p []byte) int {
	if s.phase == closing || s.hixie() != nil {
		return 0
	}
	op, payload, n := s.frames.Short(p)
	if n > 0 {
		s.cfg.App.Message((*Conn)(s), Message{Text: op == ws.Text, First: true, Last: true, lent: payload})
	}
	return n
}

// deliverMessage passes a message to the application: immediately if it is whole in the input or is
// streamed, otherwise when its last piece has arrived. It reports whether a message is complete,
// for the counter. A compressed message doesn't count here, because inflate counts it.
func (s *Session) deliverMessage(ev *ws.Event) bool {
	m := Message{Text: ev.Opcode == ws.Text, First: ev.First, Last: ev.Last, lent: ev.Payload}
	var part *gather
	// Into may have prepared memory for a message that one read into scratch then brings whole.
	if s.part != nil && ev.First && ev.Last {
		s.cfg.releaseGather(s.part)
		s.part = nil
	}
	// The payload is in the read buffer, which the next connection will overwrite. So a message in
	// pieces is collected in memory of its own. A whole message isn't copied: the application gets
	// it where it is.
	if !s.streamed && !(ev.First && ev.Last) {
		if s.part == nil {
			s.part = s.cfg.gather()
		}
		if ev.First {
			s.part.startedAt = s.cfg.now // Into may have made s.part at a time that it doesn't know
		}
		s.part.add(ev.Payload, s.frames.Rest())
		if !ev.Last {
			return false
		}
		// The application may end the connection during App.Message, which releases s.part. So the
		// message is taken away from s first.
		part, s.part = s.part, nil
		m.First, m.own = true, part
	}
	if ev.Rsv1 {
		s.inflate(&m, part)
		return false
	}
	s.cfg.App.Message((*Conn)(s), m)
	if part != nil {
		s.cfg.releaseGather(part)
	}
	return m.Last
}

// handleControl handles control frames and failures. In phase closing our Close is queued already,
// so handleControl doesn't queue a second one.
//
// RFC 6455 5.5.1: "If an endpoint receives a Close frame and did not previously
// send a Close frame, the endpoint MUST send a Close frame in response."
// 5.5.2: "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in
// response, unless it already received a Close frame."
func (s *Session) handleControl(ev *ws.Event) {
	switch ev.Kind {
	case ws.PingFrame:
		s.queueControl(ws.Pong, ev.Payload)
	case ws.CloseFrame:
		s.peerCloseCode = ev.Code
		if s.phase != closing {
			s.queueClose(ev.Code, "")
		}
		s.transition(closesExchanged)
	case ws.Failed:
		s.failWebSocket(ev.Err)
	}
}

// failWebSocket fails the WebSocket connection (RFC 6455 7.1.7), because the peer broke a rule.
func (s *Session) failWebSocket(err *ws.Error) {
	s.cfg.Stat.Add(stat.Violations, 1)
	if s.phase != closing {
		s.queueClose(err.Code, "")
	}
	s.transition(closeAfterFlush)
}

// queueControl queues a control frame, whose payload has at most 125 bytes.
func (s *Session) queueControl(op ws.Opcode, p []byte) {
	h := ws.Header{Fin: true, Opcode: op}
	s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	s.queueFull = s.queueFull || s.out.Len() >= HighWater
}

// beginClose begins the closing handshake, if the protocol version has one.
func (s *Session) beginClose(code ws.Code, reason string) {
	s.queueClose(code, reason)
	if s.hixie() != nil && !s.hixie().mayClose() {
		s.transition(closeAfterFlush)
		return
	}
	s.transition(closeQueued)
}

// queueClose queues a Close frame. ws.NoStatus must not be sent, so for it the frame has no
// payload.
func (s *Session) queueClose(code ws.Code, reason string) {
	var b [125]byte
	p := b[:0]
	switch {
	case s.hixie() != nil:
		s.queueHixieClose()
		return
	case code == ws.NoStatus:
	case s.frames.Hybi07:
		p = ws.AppendHybi07Close(p, code, reason)
	default:
		p = ws.AppendClose(p, code, reason)
	}
	s.queueControl(ws.Close, p)
}

// dialect has the state of a WebSocket that differs from plain RFC 6455. Most don't differ, so
// Session has only a pointer to it. That keeps idle connections small.
type dialect struct {
	deflate *deflateState // nil: messages are not compressed
	hixie   *hixie        // nil: frames are those of RFC 6455, or of its drafts from hybi-07 on
}

func (s *Session) deflateState() *deflateState {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.deflate
}

func (s *Session) hixie() *hixie {
	if s.dialect == nil {
		return nil
	}
	return s.dialect.hixie
}
