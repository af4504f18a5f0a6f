package http1

import "iter"

// maxFields is how many fields a head may have. Browsers send about 15.
const maxFields = 100

// A Request is the head of one. Every slice it returns is lent: a part of the head, where that lies (see
// Reader.Request). It is handed on by pointer and never copied.
type Request struct {
	head, fieldBlock []byte // the whole head; its part after the request line
	lineFacts
	fieldFacts
	fields [maxFields]field // of which count are the request's, by offsets into block
}

// lineFacts is what the request line says, as offsets into head.
type lineFacts struct {
	method, target, path, query, host span

	minor        int
	asterisk     bool
	hostInTarget bool // the target names the host
	plainPath    bool // the path is all of the target, and stands for itself
}

// fieldFacts is what the header fields say, as offsets into fieldBlock. They depend on the bytes of the fields only,
// because they may come from the cache.
type fieldFacts struct {
	count     int
	hostValue span // the value of Host
	hostSeen  bool // Host is present

	length              int64 // Content-Length, if lengthSeen
	lengthSeen          bool
	codingSeen          bool // Transfer-Encoding is present
	chunked             bool // its last coding is chunked
	otherCoding         bool // it has other codings
	expectSeen          bool // Expect is present
	otherExpectation    bool // an expectation isn't 100-continue
	connectionClose     bool // Connection: close
	connectionKeepAlive bool // Connection: keep-alive

	conditional bool // a field's name begins with "If-"
}

type field struct{ name, value span }

func (q *Request) reset() {
	q.head, q.fieldBlock, q.lineFacts, q.fieldFacts = nil, nil, lineFacts{}, fieldFacts{}
}

// setHead sets where the head is, and at which offset its fields begin.
func (q *Request) setHead(head []byte, block int) { q.head, q.fieldBlock = head, head[block:] }

// at gives a part of the head. Its capacity ends with it, so that an append can't reach the next field.
func (q *Request) at(s span) []byte { return q.head[s.from:s.to:s.to] }

// in gives a part of the fields, as at does.
func (q *Request) in(s span) []byte { return q.fieldBlock[s.from:s.to:s.to] }

// Method gives the method, a token of at least one byte. Methods are case-sensitive.
func (q *Request) Method() []byte { return q.at(q.method) }

// Target gives the request target as it came.
func (q *Request) Target() []byte { return q.at(q.target) }

// Path gives the target's path, percent-encoded as it came: it begins with a slash. It is empty when there is
// none, that is for CONNECT and where Asterisk is true.
func (q *Request) Path() []byte { return q.at(q.path) }

// PlainPath reports that the path stands for itself, as DecodePath would find: nothing is percent-encoded in
// it, and there are no dots. Nor is there a query. If it is false, the path may be plain or not.
func (q *Request) PlainPath() bool { return q.plainPath }

// Query gives what follows the target's first question mark, percent-encoded as it came.
func (q *Request) Query() []byte { return q.at(q.query) }

// Host gives host and port, as they came: those in the target if it has any, else those of the field Host. It
// is empty if that was, or in HTTP/1.0 if there was none.
//
// RFC 9112 3.2.2: "When an origin server receives a request with an absolute-form of request-target, the
// origin server MUST ignore the received Host header field (if any) and instead use the host information of
// the request-target."
func (q *Request) Host() []byte {
	if q.hostInTarget {
		return q.at(q.host)
	}
	return q.in(q.hostValue)
}

// Minor gives the minor version: 0 or 1. A later HTTP/1.x is 1.
func (q *Request) Minor() int { return q.minor }

// Asterisk reports whether the request is about the server and not about a resource: OPTIONS *.
func (q *Request) Asterisk() bool { return q.asterisk }

// ContentLength gives the number of bytes of the body: 0 if there is none, -1 if it is chunked.
func (q *Request) ContentLength() int64 {
	if q.chunked {
		return -1
	}
	return q.length
}

// Close reports whether the connection must be closed after the response (RFC 9112 9.3): an HTTP/1.1 client has
// asked for it, or an HTTP/1.0 client has not asked for the contrary.
func (q *Request) Close() bool { return q.connectionClose || q.minor == 0 && !q.connectionKeepAlive }

// KeepAlive10 reports whether an HTTP/1.0 client asks for the connection to stay open, which the response must
// then confirm with "Connection: keep-alive".
func (q *Request) KeepAlive10() bool {
	return q.minor == 0 && q.connectionKeepAlive && !q.connectionClose
}

// ExpectContinue reports whether the client waits for "100 Continue" before it sends the body.
//
// RFC 9110 10.1.1: "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore that
// expectation."
func (q *Request) ExpectContinue() bool { return q.expectSeen && q.minor > 0 && q.ContentLength() != 0 }

// Conditional reports whether the request may have preconditions (RFC 9110 13.1): all their names begin with
// "If-".
func (q *Request) Conditional() bool { return q.conditional }

// Field gives the value of the first field of that name, without the white space around it. Names are
// compared regardless of case.
func (q *Request) Field(name string) (value []byte, ok bool) {
	for i := range q.fields[:q.count] {
		if f := &q.fields[i]; fold(q.in(f.name), name) {
			return q.in(f.value), true
		}
	}
	return nil, false
}

// Fields gives the values of all fields of that name in their order, as Field does.
func (q *Request) Fields(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range q.fields[:q.count] {
			if f := &q.fields[i]; fold(q.in(f.name), name) && !yield(q.in(f.value)) {
				return
			}
		}
	}
}

// HasToken reports whether one of the fields of that name, as a comma-separated list, has the token as a
// member. Tokens are compared regardless of case.
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
