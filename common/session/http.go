package session

import (
	"threeloops/common/http1"
	"threeloops/common/stat"
)

// processRequest processes p up to the end of one request, and returns how many bytes
// these were. A body that lies whole in p is not copied.
func (s *Session) processRequest(p []byte) (n int) {
	if s.incoming == nil {
		s.incoming = s.cfg.reader()
	}
	var whole []byte
	for {
		ev, k := s.incoming.Next(p[n:])
		n += k
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
			if s.phase == body {
				s.incoming.Keep()
			}
			s.incoming.count(s.cfg)
			return n
		}
	}
}

// headDone stores what the response depends on, and asks for the body.
//
// RFC 9110 10.1.1: if content follows, "an origin server MUST send either: an
// immediate response with a final status code [...], or an immediate 100 (Continue)
// response". It may omit the 100 if part of the body has arrived, but this one always
// sends it: so the same request gets the same response however it is cut.
func (s *Session) headDone() {
	r := s.incoming.Request()
	s.closeAfterReply = r.Close() || s.cfg.Legacy && hixieVersion(r) == 76 // if it is refused, its eight bytes must not be read as a request
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

// collect adds a piece of the body. If the piece is the whole body, collect returns it
// and copies nothing.
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

// requestComplete passes the complete request to the application.
func (s *Session) requestComplete(whole []byte) {
	part, in := s.part, s.incoming
	s.part, s.incoming = nil, nil
	if part != nil {
		whole = part.joined()
	}
	s.transition(requestDone)
	s.appNotified = true
	s.peerPromisedEnd = in.Request().Close() && in.Request().Minor() > 0 // HTTP/1.0 has no such promise

	s.cfg.count() // the application may read the counters
	s.cfg.Stat.Add(stat.Requests, 1)
	s.deliverRequest(in, part, whole)
}

// redeliverRequest passes the request that the application has postponed to it again.
func (s *Session) redeliverRequest() {
	part, in := s.part, s.incoming
	s.part, s.incoming = nil, nil
	var whole []byte
	if part != nil {
		whole = part.joined()
	}
	s.deliverRequest(in, part, whole)
}

// deliverRequest passes a request to the application, and keeps it if the application
// postpones it. The body is whole, which part owns unless part is nil.
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
