package session

import (
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/outq"
)

// Response is a reply to a request. Date, Content-Length and Connection are
// added to it; to HEAD its body is left out.
type Response struct {
	Status int
	Fields []byte // complete lines, each with its CRLF; copied

	// The body: Body, or Len bytes of File from Off on, or Parts.
	Body     []byte    // copied, unless Shared
	Shared   bool      // nobody will write to Body any more, so it may be referred to
	File     outq.File // closed when it is sent, or not needed
	Off, Len int64
	Parts    []Part

	unsized bool // there is no body, and yet no Content-Length
}

// Part is a piece of a body that consists of several: Head, and then Body, or
// Len bytes of File from Off on.
type Part struct {
	Head     []byte    // copied
	Body     []byte    // referred to: nobody may write to it any more
	File     outq.File // closed when this part is sent, or not needed
	Off, Len int64
}

// length is how many bytes the body has.
func (r *Response) length() int64 {
	n := int64(len(r.Body))
	if r.File != nil {
		n = r.Len
	}
	for i := range r.Parts {
		p := &r.Parts[i]
		n += int64(len(p.Head)) + p.Len
	}
	return n
}

// drop closes the files of a response that isn't sent.
func (r *Response) drop() {
	if r.File != nil {
		r.File.Close()
	}
	for _, p := range r.Parts {
		if p.File != nil {
			p.File.Close()
		}
	}
}

// copyMax is up to where copying a shared body into the block of its head is
// cheaper than a second run in the vector.
const copyMax = 4 << 10

// Reply answers the request in hand. A second reply, and one that comes after
// the connection is gone, is ignored.
func (c *Conn) Reply(r *Response) {
	s := (*Session)(c)
	if s.phase != reply {
		r.drop()
		return
	}
	s.last = s.last || s.leaving
	s.respond(r)
	s.replied()
}

// replied follows the queueing of a reply.
func (s *Session) replied() {
	if s.last {
		s.turn(lastWord)
	} else {
		s.turn(answered)
	}
	s.called()
}

// Fixed is a Response that never changes but for its Date: its body is Body, and
// nobody will write to it any more. Of a small one the text is made once a second,
// and then only copied. It belongs to one loop.
type Fixed struct {
	Response
	text []byte // as it was sent last
	made int64  // in which second
}

// ReplyFixed answers the request in hand as Reply does.
func (c *Conn) ReplyFixed(f *Fixed) {
	s := (*Session)(c)
	if s.phase != reply || s.last || s.leaving || s.keepAlive || s.headOnly || len(f.Body) > copyMax {
		c.Reply(&f.Response)
		return
	}
	if date := s.cfg.dateField(); f.text == nil || f.made != s.cfg.dateAt {
		f.text = append(appendHead(f.text[:0], &f.Response, date, s.option(f.Status)), f.Body...)
		f.made = s.cfg.dateAt
	}
	s.out.Append(f.text)
	s.full = s.full || s.out.Len() >= HighWater
	s.replied()
}

// Refuse answers the request in hand with an error and the reason, a sentence,
// as its text. fields are complete lines, or nil.
func (c *Conn) Refuse(status int, reason string, fields []byte) {
	c.cfg.spend(refusalWork)
	c.Reply(refusal(status, reason, fields))
}

// refuse answers what is no request, or none that can be served: the
// connection ends, for nobody knows where the next request would begin.
//
// RFC 9110 9.3.2: "the server MUST NOT send content in the response" to HEAD. A
// request may be refused before its method is known: such a reply has no content,
// and as 8.6 forbids any other length than that of a GET, it has no Content-Length.
// The end of the connection is its end.
func (s *Session) refuse(status int, reason string) {
	r := refusal(status, reason, nil)
	if s.in != nil {
		asks := s.in.Asks()
		s.headOnly = asks == http1.ForHead
		if r.unsized = asks == http1.Unknown; r.unsized {
			r.Body = nil
		}
	}
	s.last = true
	s.respond(r)
	s.turn(lastWord)
}

func refusal(status int, reason string, fields []byte) *Response {
	text := strconv.Itoa(status) + " " + http1.StatusText(status) + ": " + reason + "\n"
	return &Response{
		Status: status,
		Fields: append([]byte("Content-Type: text/plain; charset=utf-8\r\n"), fields...),
		Body:   []byte(text),
	}
}

// smallFile is the largest part of a file, in bytes, that is copied into the block of
// its head. That costs less than a system call of its own, and no descriptor waits for
// the client.
const smallFile = 16 << 10

// respondSmall queues a response whose body is few bytes of a file. If the file has
// fewer by now, that is another response.
func (s *Session) respondSmall(r *Response) {
	defer r.File.Close()
	b := appendHead(s.out.Room(256+len(r.Fields)+int(r.Len)), r, s.cfg.dateField(), s.option(r.Status))
	head := len(b)
	b = append(b, make([]byte, r.Len)...)
	if n, _ := r.File.ReadAt(b[head:], r.Off); int64(n) < r.Len {
		s.respond(refusal(503, "the file is being changed", []byte("Retry-After: 1\r\n")))
		return
	}
	s.out.Commit(b)
}

// copied queues a copy of a small part of a file, and closes it. It reports false, and
// does nothing, if the part is large, or can't be read.
func (s *Session) copied(p *Part) bool {
	if p.Len > smallFile || s.cfg.SplitWrites {
		return false
	}
	b := s.out.Room(int(p.Len))
	b = append(b, make([]byte, p.Len)...)
	if n, _ := p.File.ReadAt(b, p.Off); int64(n) < p.Len {
		return false
	}
	s.out.Commit(b)
	p.File.Close()
	return true
}

// respond queues a response.
func (s *Session) respond(r *Response) {
	if r.File != nil && r.Len <= smallFile && !s.headOnly && !s.cfg.SplitWrites {
		s.respondSmall(r)
		s.full = s.full || s.out.Len() >= HighWater
		return
	}
	small := len(r.Body) <= copyMax || !r.Shared
	room := 256 + len(r.Fields)
	if small {
		room += len(r.Body)
	}
	b := appendHead(s.out.Room(room), r, s.cfg.dateField(), s.option(r.Status))
	if s.headOnly {
		s.out.Commit(b)
		r.drop()
		return
	}
	if small {
		b = append(b, r.Body...)
	}
	s.out.Commit(b)
	switch {
	case r.File != nil:
		s.out.File(r.File, r.Off, r.Len)
	case !small:
		s.out.Share(r.Body)
	}
	for _, p := range r.Parts {
		s.out.Append(p.Head)
		if p.File != nil && !s.copied(&p) {
			s.out.File(p.File, p.Off, p.Len)
		}
		if len(p.Body) > 0 { // it may be kept by nobody else any more
			s.out.ShareCounted(&outq.Shared{Bytes: p.Body})
		}
	}
	s.full = s.full || s.out.Len() >= HighWater || s.out.Files() >= MaxFiles
}

// appendHead appends a response's head, with date as its line and option as what
// its field Connection says, if anything.
func appendHead(b []byte, r *Response, date []byte, option string) []byte {
	b = http1.AppendStatusLine(b, r.Status)
	b = append(b, date...)
	b = append(b, r.Fields...)
	if r.Status != 204 && r.Status != 304 && !r.unsized {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.length(), 10)
		b = append(b, "\r\n"...)
	}
	if option != "" {
		b = append(append(append(b, "Connection: "...), option...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// option is what a reply's field Connection says, or "". A 426 has Upgrade, of
// which RFC 9110 7.8 has it that a sender "MUST also send an "Upgrade"
// connection option".
func (s *Session) option(status int) string {
	switch upgrade := status == 426; {
	case upgrade && s.last:
		return "Upgrade, close"
	case upgrade && s.keepAlive:
		return "Upgrade, keep-alive"
	case upgrade:
		return "Upgrade"
	case s.last:
		return "close"
	case s.keepAlive:
		return "keep-alive"
	}
	return ""
}
