package session

import (
	"threeloops/common/http1"
	"threeloops/common/stat"
)

// processRequest processes p up to the end of one request, and returns the number of bytes
// processed. It returns less than len(p) only at the end of a request or after an error. If a body
// is whole in p, it isn't copied.
func (s *Session) processRequest(p []byte) (n int) {
	// Between two requests a connection has no parser, so an idle connection stays small.
	if s.incoming == nil {
		s.incoming = s.cfg.reader()
	}
	var whole []byte
	for {
		ev, k := s.incoming.Next(p[n:])
		n += k
		// An empty line before a request isn't a part of it (RFC 9112 2.2), so the parser knows
		// best when the request has started. From then on HeadTimeout runs.
		if s.phase <= idle && s.incoming.Started() {
			s.transition(firstByte)
		}
		switch ev.Kind {
		case http1.Head:
			s.headDone()
		case http1.Body:
			if whole = s.collect(ev.Data); whole == nil {
				continue
			}
		case http1.End:
			s.cfg.spend(requestWork + n/bytesParsed)
			s.requestComplete(whole)
			return n
		case http1.Failed:
			s.cfg.Stat.Add(stat.BadRequests, 1)
			s.refuse(ev.Err.Status, ev.Err.Reason)
			return n
		case http1.NeedMore:
			// The header fields of a request whose body is still arriving may refer to p, which is
			// only lent. Keep copies them.
			if s.phase == body {
				s.incoming.Keep()
			}
			s.incoming.count(s.cfg)
			return n
		}
	}
}

// headDone stores the properties of a request that decide the form of its response. If the client
// waits for permission to send a body, headDone gives it.
//
// RFC 9110 10.1.1: if content follows, "an origin server MUST send either: an immediate response
// with a final status code [...], or an immediate 100 (Continue) response". A server may omit the
// 100 if a part of the body has arrived. This one always sends it, so the same request gets the
// same response however it is cut.
func (s *Session) headDone() {
	r := s.incoming.Request()
	// If a hixie-76 handshake is refused, the eight bytes after it must not be taken for a request.
	s.closeAfterReply = r.Close() || s.cfg.Legacy && hixieVersion(r) == 76
	s.keepAlive = r.KeepAlive10()
	s.omitBody = string(r.Method()) == "HEAD"
	if r.ContentLength() == 0 {
		return
	}
	s.transition(headDone)
	if r.ExpectContinue() {
		s.out.Append([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
}

// collect adds a piece of the body, and returns nil. If the piece is the whole body, collect copies
// nothing and returns it.
func (s *Session) collect(p []byte) []byte {
	rest := int64(0)
	if n := s.incoming.Request().ContentLength(); n > 0 {
		if s.part == nil && n == int64(len(p)) {
			return p
		}
		rest = n - int64(len(p))
		if s.part != nil {
			rest -= s.part.size
		}
	}
	if s.part == nil {
		s.part = s.cfg.gather()
	}
	s.part.add(p, rest)
	return nil
}

// requestComplete enters phase reply, and passes the complete request to the application. whole is
// the body, if it wasn't collected.
func (s *Session) requestComplete(whole []byte) {
	// The application may respond immediately, and the connection may end with that response. Then
	// dropInput releases the parser and the body of s. The application may use them until it
	// returns, so they are taken away from s first.
	part, in := s.part, s.incoming
	s.part, s.incoming = nil, nil
	if part != nil {
		whole = part.joined()
	}
	s.transition(requestDone)
	s.appNotified = true
	s.peerPromisedEnd = in.Request().Close() && in.Request().Minor() > 0 // in HTTP/1.0 it is no promise

	s.cfg.count() // the application may read the counters
	s.cfg.Stat.Add(stat.Requests, 1)
	s.deliverRequest(in, part, whole)
}

// redeliverRequest passes a request to the application again that the application had postponed.
func (s *Session) redeliverRequest() {
	part, in := s.part, s.incoming
	s.part, s.incoming = nil, nil
	var whole []byte
	if part != nil {
		whole = part.joined()
	}
	s.deliverRequest(in, part, whole)
}

// deliverRequest passes a request to the application, and keeps it if the application postpones it.
// whole is the body. It belongs to part, or is lent if part is nil.
func (s *Session) deliverRequest(in *request, part *gather, whole []byte) {
	s.postponed = false
	s.cfg.App.Request((*Conn)(s), in.Request(), whole)
	if s.postponed {
		in.Keep()
		in.count(s.cfg)
		if part == nil && len(whole) > 0 {
			part = s.cfg.gather()
			part.add(whole, 0)
		}
		s.incoming, s.part = in, part
		return
	}
	s.cfg.release(in)
	if part != nil {
		s.cfg.releaseGather(part)
	}
}
