package app

import (
	"strconv"
	"time"

	"threeloops/common/http1"
	"threeloops/common/outq"
	"threeloops/common/session"
)

// resource is the result of a GET: a page in memory, or an open file.
type resource struct {
	validators
	content []byte // complete lines about the content, Content-Type first
	policy  []byte // other lines, also for 304 and 206: Cache-Control, Vary
	body    []byte // nobody may write to it; nil if there is a file
	file    outq.File
	size    int64          // size of body or file, in bytes
	coded   bool           // content has a Content-Encoding
	fixed   *session.Fixed // the response with status 200, if it never changes
}

// nosniff forbids a browser to guess another type than the one in Content-Type. A wrong guess could
// make the browser run a file that isn't a script.
const nosniff = "X-Content-Type-Options: nosniff\r\n"

// serve responds to a GET or HEAD with res, or with the ranges of it that the request asks for, if
// the request's conditions hold. It becomes the owner of res.file.
func (a *App) serve(c *session.Conn, r *http1.Request, res *resource) {
	if a.conditionsForbid(c, r, res.validators, res.policy) {
		res.close()
		return
	}
	ranges, ok := res.ranges(c, r)
	if !ok && res.fixed != nil {
		c.RespondFixed(res.fixed)
		return
	}
	fields := res.appendFields(nil, c.Now())
	switch {
	case !ok:
		c.Respond(&session.Response{Status: 200, Fields: fields,
			Body: res.body, Shared: true, File: res.file, Len: res.size})
	case len(ranges) == 0:
		res.close()
		to := append([]byte("Content-Range: bytes */"), strconv.FormatInt(res.size, 10)...)
		c.Refuse(416, "the resource has no such range", append(to, "\r\n"...))
	default:
		// RFC 9110 15.3.7: in the response to a request with If-Range, a sender "SHOULD NOT
		// generate other representation header fields beyond those required".
		first, rest, _ := cutLine(fields)
		if _, known := r.Field("If-Range"); known {
			first, rest = nil, append([]byte("ETag: "+res.tag+"\r\n"), res.policy...)
		}
		if len(ranges) == 1 {
			res.replyPart(c, ranges[0].appendField(append(rest, first...), res.size), ranges[0])
			return
		}
		res.respondParts(c, rest, ranges)
	}
}

// appendFields appends the fields of a 200 that describe res, except Content-Length.
func (res *resource) appendFields(dst []byte, now time.Time) []byte {
	dst = append(append(dst, res.content...), res.policy...)
	return append(res.validators.append(dst, now), "Accept-Ranges: bytes\r\n"...)
}

// conditionsForbid responds to a request whose conditions aren't met, and reports whether it has
// responded.
func (a *App) conditionsForbid(c *session.Conn, r *http1.Request, v validators, policy []byte) bool {
	switch v.judge(r, c.Now()) {
	case failed:
		c.Refuse(412, "the resource doesn't meet the request's conditions", v.append(nil, c.Now()))
	case unchanged:
		// RFC 9110 15.4.5: a 304 has those fields of the 200 that caches need, and none
		// about the content.
		fields := append([]byte(nil), policy...)
		c.Respond(&session.Response{Status: 304, Fields: v.append(fields, c.Now())})
	default:
		return false
	}
	return true
}

func (res *resource) close() {
	if res.file != nil {
		res.file.Close()
	}
}

// ranges returns the ranges that r asks for. They are empty if the resource has no such bytes. It
// returns false if the response is the whole resource.
//
// RFC 9110 14.2: "A server MUST ignore a Range header field received with a request method that is
// unrecognized or for which range handling is not defined. For this specification, GET is the only
// method for which range handling is defined."
func (res *resource) ranges(c *session.Conn, r *http1.Request) ([]byteRange, bool) {
	value, ok := only(r, "Range")
	if !ok || string(r.Method()) != "GET" || !res.sameAs(r, c.Now()) {
		return nil, false
	}
	ranges, ok := parseRanges(value, res.size)
	ranges = coalesce(ranges)
	if !ok || len(ranges) > 1 && res.coded {
		return nil, false // Content-Encoding would apply to the whole multipart body
	}
	return ranges, true
}

func (res *resource) replyPart(c *session.Conn, fields []byte, b byteRange) {
	reply := session.Response{Status: 206, Fields: fields, File: res.file, Off: b.from, Len: b.len()}
	if res.file == nil {
		reply.Body, reply.Shared = res.body[b.from:b.to], true
	}
	c.Respond(&reply)
}

// partWork is the cost of one part of a multipart body, in units of session.Conn.Spend.
const partWork = 30

// respondParts responds with several ranges as one multipart body. fields are the header fields of
// the response except its type.
//
// RFC 9110 14.6 defines the media type multipart/byteranges. 15.3.7.2: each part has the
// Content-Type of the whole resource, and its own Content-Range.
func (res *resource) respondParts(c *session.Conn, fields []byte, ranges []byteRange) {
	boundary := "threeloops-" + res.tag[1:len(res.tag)-1]
	typ, _, _ := cutLine(res.content)
	parts := make([]session.Part, 0, len(ranges)+1)
	left := len(ranges)
	c.Spend(partWork * left)
	for _, b := range ranges {
		head := append([]byte("\r\n--"), boundary...)
		head = append(append(head, "\r\n"...), typ...)
		head = append(b.appendField(head, res.size), "\r\n"...)
		p := session.Part{Head: head, Off: b.from, Len: b.len()}
		if res.file != nil {
			p.File = oneOf{res.file, &left}
		} else {
			p.Body = res.body[b.from:b.to]
		}
		parts = append(parts, p)
	}
	parts = append(parts, session.Part{Head: []byte("\r\n--" + boundary + "--\r\n")})
	fields = append(fields, "Content-Type: multipart/byteranges; boundary="+boundary+"\r\n"...)
	c.Respond(&session.Response{Status: 206, Fields: fields, Parts: parts})
}

// oneOf is one of several uses of a file. Close of the last one closes the file.
type oneOf struct {
	outq.File
	left *int
}

func (o oneOf) Close() error {
	if *o.left--; *o.left > 0 {
		return nil
	}
	return o.File.Close()
}
