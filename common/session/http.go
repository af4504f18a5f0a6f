package session

import (
	"threeloops/common/http1"
	"threeloops/common/stat"
)

// takeRequest takes in p up to the end of one request and returns how much of
// it that was. A body that lies whole in p is not copied.
func (s *Session) takeRequest(p []byte) (n int) {
	if s.in == nil {
		s.in = s.cfg.reader()
	}
	var whole []byte
	for {
		ev, k := s.in.Next(p[n:])
		n += k
		if s.phase <= idle && s.in.Started() {
			s.turn(bytesCame)
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
			s.ask(whole)
			return n
		case http1.Failed:
			s.cfg.Stat.Add(stat.BadRequests, 1)
			s.refuse(ev.Err.Status, ev.Err.Reason)
			return n
		case http1.NeedMore:
			if s.phase == body {
				s.in.Keep()
			}
			s.in.count(s.cfg)
			return n
		}
	}
}

// headDone notes what the reply will have to know, and asks for the body.
//
// RFC 9110 10.1.1: where content is to follow, "an origin server MUST send
// either: an immediate response with a final status code [...], or an immediate
// 100 (Continue) response". It may omit it when part of the body is there
// already; but it always sends it, so that the same request gets the same
// answer however it is cut.
func (s *Session) headDone() {
	r := s.in.Request()
	s.last = r.Close() || s.cfg.Legacy && hixieVersion(r) == 76 // refused, its eight bytes are no request
	s.keepAlive = r.KeepAlive10()
	s.headOnly = string(r.Method()) == "HEAD"
	if r.ContentLength() == 0 {
		return
	}
	s.turn(headDone)
	if r.ExpectContinue() {
		s.out.Append([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
}

// collect adds a piece of the body. It returns the body where the piece is all
// of it, which then stays where it lies.
func (s *Session) collect(p []byte) []byte {
	rest := int64(0)
	if n := s.in.Request().ContentLength(); n > 0 {
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

// ask hands the request to the application.
func (s *Session) ask(whole []byte) {
	part, in := s.part, s.in
	s.part, s.in = nil, nil
	if part != nil {
		whole = part.joined()
	}
	s.turn(asked)
	s.known = true
	s.saidBye = in.Request().Close() && in.Request().Minor() > 0 // HTTP/1.0 has no such promise

	s.cfg.count() // it may ask for the counts
	s.cfg.Stat.Add(stat.Requests, 1)
	s.request(in, part, whole)
}

// askAgain hands the application the request that it has put off.
func (s *Session) askAgain() {
	part, in := s.part, s.in
	s.part, s.in = nil, nil
	var whole []byte
	if part != nil {
		whole = part.joined()
	}
	s.request(in, part, whole)
}

// request hands a request to the application, whose body part has, if it isn't nil,
// and keeps the request if the application puts it off.
func (s *Session) request(in *request, part *gather, whole []byte) {
	s.putOff = false
	s.cfg.App.Request((*Conn)(s), in.Request(), whole)
	if s.putOff {
		in.Keep()
		in.count(s.cfg)
		if part == nil && len(whole) > 0 {
			part = s.cfg.gather()
			part.add(whole, 0)
		}
		s.in, s.part = in, part
		return
	}
	s.cfg.release(in)
	if part != nil {
		s.cfg.done(part)
	}
}
