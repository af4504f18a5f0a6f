package session

import (
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/outq"
)

// Response is an HTTP response. The session adds the fields Date, Content-Length and Connection. If
// the method is HEAD, it doesn't send the body.
type Response struct {
	Status int
	Fields []byte // complete lines, each with its CRLF; copied

	// The body: Body, or Len bytes of File from Off on, or Parts.
	Body     []byte    // copied, unless Shared
	Shared   bool      // nobody will write to Body again, so the queue may refer to it
	File     outq.File // the session closes it when it is sent or not needed
	Off, Len int64
	Parts    []Part

	unsized bool // there is neither a body nor a Content-Length
}

// Part is one of several pieces of a body. It consists of Head, followed by Body or by Len bytes of
// File from Off on.
type Part struct {
	Head     []byte    // copied
	Body     []byte    // not copied: nobody may write to it again
	File     outq.File // the session closes it when this part is sent or not needed
	Off, Len int64
}

// length is the length of the body in bytes.
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

// copyMax is the largest shared body, in bytes, that is copied into the block of its header fields.
// The copy is cheaper than a further buffer in writev(2).
const copyMax = 4 << 10

// Respond queues the response to the current request. It ignores a second response to the same
// request, and a response after the connection has ended.
func (c *Conn) Respond(r *Response) {
	s := (*Session)(c)
	if s.phase != reply {
		r.drop()
		return
	}
	s.closeAfterReply = s.closeAfterReply || s.stopping
	s.queueResponse(r)
	s.responseQueued()
}

// responseQueued is called when a response is queued.
func (s *Session) responseQueued() {
	if s.closeAfterReply {
		s.transition(closeAfterFlush)
	} else {
		s.transition(replyQueued)
	}
	s.wakeDriver()
}

// Fixed is a Response that never changes, except its Date. Its body is Body, and nobody may write
// to Body again. The bytes of a small one are made once in a second, and then only copied. A Fixed
// belongs to one loop.
type Fixed struct {
	Response
	text []byte // the bytes that were sent last
	made int64  // the second of Unix time in which text was made
}

// RespondFixed queues the response to the current request, as Respond does.
func (c *Conn) RespondFixed(f *Fixed) {
	s := (*Session)(c)
	if s.phase != reply || s.closeAfterReply || s.stopping || s.keepAlive || s.omitBody || len(f.Body) > copyMax {
		c.Respond(&f.Response)
		return
	}
	if date := s.cfg.dateField(); f.text == nil || f.made != s.cfg.dateAt {
		f.text = append(appendHead(f.text[:0], &f.Response, date, s.connectionOptions(f.Status)), f.Body...)
		f.made = s.cfg.dateAt
	}
	s.out.Append(f.text)
	s.queueFull = s.queueFull || s.out.Len() >= HighWater
	s.responseQueued()
}

// Refuse queues an error response to the current request. reason is a sentence, which becomes the
// body. fields are complete lines, each with its CRLF, or nil.
func (c *Conn) Refuse(status int, reason string, fields []byte) {
	c.cfg.spend(refusalWork)
	c.Respond(refusal(status, reason, fields))
}

// refuse queues an error response to input that isn't a valid request. The connection ends after
// it, because the server can't know where the next request begins.
//
// RFC 9110 9.3.2: "the server MUST NOT send content in the response" to HEAD. If a request is
// refused before its method is known, the method could be HEAD, so the response has no content. 8.6
// allows a response to HEAD no other Content-Length than that of the response to GET. So the
// response has no Content-Length either, and ends with the connection.
func (s *Session) refuse(status int, reason string) {
	r := refusal(status, reason, nil)
	if s.incoming != nil {
		asks := s.incoming.MethodKind()
		s.omitBody = asks == http1.MethodHEAD
		if r.unsized = asks == http1.MethodUnknown; r.unsized {
			r.Body = nil
		}
	}
	s.closeAfterReply = true
	s.queueResponse(r)
	s.transition(closeAfterFlush)
}

func refusal(status int, reason string, fields []byte) *Response {
	text := strconv.Itoa(status) + " " + http1.StatusText(status) + ": " + reason + "\n"
	return &Response{
		Status: status,
		Fields: append([]byte("Content-Type: text/plain; charset=utf-8\r\n"), fields...),
		Body:   []byte(text),
	}
}

// smallFile is the largest part of a file, in bytes, that is copied into the block of the header
// fields. The copy costs less than a further system call, and the file is closed before the client
// reads.
const smallFile = 16 << 10

// queueSmallFile queues a response whose body is a small part of a file. If the file has become
// shorter, it queues a 503 instead: the header fields aren't sent yet.
func (s *Session) queueSmallFile(r *Response) {
	defer r.File.Close()
	b := appendHead(s.out.Room(256+len(r.Fields)+int(r.Len)), r, s.cfg.dateField(), s.connectionOptions(r.Status))
	head := len(b)
	b = append(b, make([]byte, r.Len)...)
	if n, _ := r.File.ReadAt(b[head:], r.Off); int64(n) < r.Len {
		s.queueResponse(refusal(503, "the file is being changed", []byte("Retry-After: 1\r\n")))
		return
	}
	s.out.Commit(b)
}

// queueFileCopy queues a copy of a small part of a file, and closes the file. If the part is large
// or can't be read, it does nothing and returns false.
func (s *Session) queueFileCopy(p *Part) bool {
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

// queueResponse queues the header fields and the body of r. A small body is copied after the header
// fields, so both are one buffer. A large shared body, and a file, are only referred to.
func (s *Session) queueResponse(r *Response) {
	if r.File != nil && r.Len <= smallFile && !s.omitBody && !s.cfg.SplitWrites {
		s.queueSmallFile(r)
		s.queueFull = s.queueFull || s.out.Len() >= HighWater
		return
	}
	small := len(r.Body) <= copyMax || !r.Shared
	room := 256 + len(r.Fields)
	if small {
		room += len(r.Body)
	}
	b := appendHead(s.out.Room(room), r, s.cfg.dateField(), s.connectionOptions(r.Status))
	if s.omitBody {
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
		if p.File != nil && !s.queueFileCopy(&p) {
			s.out.File(p.File, p.Off, p.Len)
		}
		if len(p.Body) > 0 { // the queue may be the last to refer to it
			s.out.ShareCounted(&outq.Shared{Bytes: p.Body})
		}
	}
	s.queueFull = s.queueFull || s.out.Len() >= HighWater || s.out.Files() >= MaxFiles
}

// appendHead appends the status line and the header fields of r. date is the Date field line.
// option is the value of the Connection field; "" if there is none.
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

// connectionOptions is the value of a response's Connection field; "" if there is none. A 426 has
// an Upgrade field, and RFC 9110 7.8 says that its sender "MUST also send an "Upgrade" connection
// option".
func (s *Session) connectionOptions(status int) string {
	switch upgrade := status == 426; {
	case upgrade && s.closeAfterReply:
		return "Upgrade, close"
	case upgrade && s.keepAlive:
		return "Upgrade, keep-alive"
	case upgrade:
		return "Upgrade"
	case s.closeAfterReply:
		return "close"
	case s.keepAlive:
		return "keep-alive"
	}
	return ""
}
