package session

import (
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/outq"
)

// Response is an HTTP response. Date, Content-Length and Connection are added to it;
// the response to HEAD has no body.
type Response struct {
	Status int
	Fields []byte // complete lines, each with its CRLF; copied

	// The body: Body, or Len bytes of File from Off on, or Parts.
	Body     []byte    // copied, unless Shared
	Shared   bool      // nobody will write to Body again, so the queue may refer to it
	File     outq.File // closed when it is sent or not needed
	Off, Len int64
	Parts    []Part

	unsized bool // there is neither a body nor a Content-Length
}

// Part is a piece of a body that consists of several: Head, and then Body, or
// Len bytes of File from Off on.
type Part struct {
	Head     []byte    // copied
	Body     []byte    // not copied: nobody may write to it again
	File     outq.File // closed when this part is sent or not needed
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

// copyMax is the largest shared body, in bytes, that is copied into the block of its
// header fields: that is cheaper than a further buffer in the vector.
const copyMax = 4 << 10

// Respond queues the response to the current request. A second response, or one after
// the connection has ended, is ignored.
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

// Fixed is a Response that never changes except for its Date: its body is Body, and
// nobody will write to it again. The bytes of a small one are made once a second, and
// then only copied. It belongs to one loop.
type Fixed struct {
	Response
	text []byte // the bytes that were sent last
	made int64  // in which second of Unix time
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

// Refuse queues an error response to the current request. Its text is reason, a
// sentence. fields are complete lines, or nil.
func (c *Conn) Refuse(status int, reason string, fields []byte) {
	c.cfg.spend(refusalWork)
	c.Respond(refusal(status, reason, fields))
}

// refuse queues an error response to input that is no valid request. The connection
// ends, because nobody knows where the next request would begin.
//
// RFC 9110 9.3.2: "the server MUST NOT send content in the response" to HEAD. A
// request may be refused before its method is known: then the response has no content.
// 8.6 forbids any other length than that of a GET, so it has no Content-Length either,
// and ends with the connection.
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

// smallFile is the largest part of a file, in bytes, that is copied into the block of
// the header fields. That costs less than a system call of its own, and no descriptor
// waits for the client.
const smallFile = 16 << 10

// queueSmallFile queues a response whose body is a small part of a file. If the file
// has become shorter, it queues a 503 instead.
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

// queueFileCopy queues a copy of a small part of a file, and closes the file. It reports
// false, and does nothing, if the part is large or can't be read.
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

// queueResponse queues a response.
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

// appendHead appends a response's status line and header fields. date is its Date field
// line, option the value of its Connection field, or "".
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

// connectionOptions is the value of a response's Connection field, or "". A 426 has an
// Upgrade field, and RFC 9110 7.8 says that its sender "MUST also send an "Upgrade"
// connection option".
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
