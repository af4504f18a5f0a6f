package http1

import "iter"

// maxFields is the greatest number of fields in a head. Browsers send about 15.
const maxFields = 100

// A Request is a parsed head. Every slice that it returns is lent: it is a part of the head and is
// valid as long as the head (see Reader.Request). A Request is passed by pointer and never copied.
type Request struct {
	head, fieldBlock []byte // the whole head; the part of it after the request line
	lineFacts
	fieldFacts
	fields [maxFields]field // the first count are valid; offsets into fieldBlock
}

// lineFacts are the facts from the request line, as offsets into head.
type lineFacts struct {
	method, target, path, query, host span

	minor        int
	asterisk     bool
	hostInTarget bool // the target names the host
	plainPath    bool // the path is the whole target, and decoding wouldn't change it
}

// fieldFacts are the facts from the header fields, as offsets into fieldBlock. They may come from
// the cache, so they must not depend on anything but the bytes of the fields.
type fieldFacts struct {
	count     int
	hostValue span // the value of Host
	hostSeen  bool // Host is present

	length              int64 // Content-Length; valid if lengthSeen
	lengthSeen          bool
	codingSeen          bool // Transfer-Encoding is present
	chunked             bool // its last coding is chunked
	otherCoding         bool // it has other codings
	expectSeen          bool // Expect is present
	otherExpectation    bool // an expectation other than 100-continue
	connectionClose     bool // Connection: close
	connectionKeepAlive bool // Connection: keep-alive

	conditional bool // the name of a field begins with "If-"
}

type field struct{ name, value span }

// reset doesn't clear the table q.fields, because the field cache may use its offsets again.
// Without a count, nobody can see them.
func (q *Request) reset() {
	q.head, q.fieldBlock, q.lineFacts, q.fieldFacts = nil, nil, lineFacts{}, fieldFacts{}
}

// setHead sets the head and the offset of its header fields.
func (q *Request) setHead(head []byte, block int) { q.head, q.fieldBlock = head, head[block:] }

// at returns a part of the head. Its capacity ends with it, so that an append can't overwrite the
// next field.
func (q *Request) at(s span) []byte { return q.head[s.from:s.to:s.to] }

// in returns a part of fieldBlock, as at does of the head.
func (q *Request) in(s span) []byte { return q.fieldBlock[s.from:s.to:s.to] }

// Method returns the method, a token of at least one byte. Methods are case-sensitive.
func (q *Request) Method() []byte { return q.at(q.method) }

// Target returns the request target, as received.
func (q *Request) Target() []byte { return q.at(q.target) }

// Path returns the path of the target. It begins with a slash, and is percent-encoded as received.
// It is empty if the target has no path: for CONNECT, and if Asterisk is true.
func (q *Request) Path() []byte { return q.at(q.path) }

// PlainPath reports whether the path is known to be the same after DecodePath, and the target has
// no query: nothing in it is percent-encoded, and it has no dots. False means unknown: the path may
// be plain or not.
func (q *Request) PlainPath() bool { return q.plainPath }

// Query returns the part of the target after its first question mark, percent-encoded as received.
func (q *Request) Query() []byte { return q.at(q.query) }

// Host returns the host and the port, as received: from the target if it has a host, otherwise from
// the field Host. It is empty if that field is empty, or if an HTTP/1.0 request has no such field.
//
// RFC 9112 3.2.2: "When an origin server receives a request with an absolute-form of
// request-target, the origin server MUST ignore the received Host header field (if any) and instead
// use the host information of the request-target."
func (q *Request) Host() []byte {
	if q.hostInTarget {
		return q.at(q.host)
	}
	return q.in(q.hostValue)
}

// Minor returns the minor version: 0 or 1. It is 1 for a later HTTP/1.x too.
func (q *Request) Minor() int { return q.minor }

// Asterisk reports whether the request is about the whole server (OPTIONS *) and not about a
// resource.
func (q *Request) Asterisk() bool { return q.asterisk }

// ContentLength returns the number of bytes in the body: 0 if there is no body, -1 if the body is
// chunked.
func (q *Request) ContentLength() int64 {
	if q.chunked {
		return -1
	}
	return q.length
}

// Close reports whether the connection must be closed after the response (RFC 9112 9.3): an
// HTTP/1.1 client has sent "Connection: close", or an HTTP/1.0 client hasn't sent "Connection:
// keep-alive".
func (q *Request) Close() bool { return q.connectionClose || q.minor == 0 && !q.connectionKeepAlive }

// KeepAlive10 reports whether an HTTP/1.0 client asks to keep the connection open. The response
// must then confirm this with "Connection: keep-alive".
func (q *Request) KeepAlive10() bool {
	return q.minor == 0 && q.connectionKeepAlive && !q.connectionClose
}

// ExpectContinue reports whether the client waits for "100 Continue" before it sends the body.
//
// RFC 9110 10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST
// ignore that expectation."
func (q *Request) ExpectContinue() bool { return q.expectSeen && q.minor > 0 && q.ContentLength() != 0 }

// Conditional reports whether the request may have preconditions (RFC 9110 13.1). The names of all
// preconditions begin with "If-".
func (q *Request) Conditional() bool { return q.conditional }

// Field returns the value of the first field with that name, without the white space around it. The
// case of the name is ignored.
func (q *Request) Field(name string) (value []byte, ok bool) {
	for i := range q.fields[:q.count] {
		if f := &q.fields[i]; fold(q.in(f.name), name) {
			return q.in(f.value), true
		}
	}
	return nil, false
}

// Fields iterates over the values of all fields with that name, in their order. See Field.
func (q *Request) Fields(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range q.fields[:q.count] {
			if f := &q.fields[i]; fold(q.in(f.name), name) && !yield(q.in(f.value)) {
				return
			}
		}
	}
}

// HasToken reports whether a field with that name has the token in its comma-separated list. The
// case of both is ignored.
func (q *Request) HasToken(name, token string) bool {
	for value := range q.Fields(name) {
		for member := range members(value) {
			if fold(member, token) {
				return true
			}
		}
	}
	return false
}
