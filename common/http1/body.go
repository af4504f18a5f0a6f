package http1

import (
	"bytes"
	"math"
)

// applyField evaluates the fields that decide where the request ends and whether the connection
// persists.
func (q *Request) applyField(name, value []byte) *Error {
	switch {
	case fold(name, "Host"):
		return q.hostField(value)
	case fold(name, "Content-Length"):
		return q.lengthField(value)
	case fold(name, "Transfer-Encoding"):
		return q.codingField(value)
	case fold(name, "Connection"):
		for member := range members(value) {
			q.connectionClose = q.connectionClose || fold(member, "close")
			q.connectionKeepAlive = q.connectionKeepAlive || fold(member, "keep-alive")
		}
	case fold(name, "Expect"):
		q.expectSeen = true
		q.otherExpectation = q.otherExpectation || !fold(value, "100-continue")
	case len(name) > 3 && fold(name[:3], "If-"):
		q.conditional = true
	}
	return nil
}

// hostField follows RFC 9112 3.2: "A server MUST respond with a 400 (Bad Request) status code to
// any HTTP/1.1 request message that lacks a Host header field and to any request message that
// contains more than one Host header field line or a Host header field with an invalid field
// value."
func (q *Request) hostField(value []byte) *Error {
	switch {
	case q.hostSeen:
		return ErrHostTwice
	case !validHost(value):
		return ErrHost
	}
	q.hostSeen, q.hostValue = true, q.fields[q.count-1].value
	return nil
}

// lengthField parses a Content-Length (RFC 9110 8.6). It refuses a second one, even with the same
// value, as RFC 9112 6.3 allows: only a broken client or an attacker sends two.
func (q *Request) lengthField(value []byte) *Error {
	if q.lengthSeen {
		return ErrLengthTwice
	}
	q.lengthSeen = true
	if len(value) == 0 || !all(value, inDigit) {
		return ErrLength
	}
	for _, c := range value {
		if q.length > (math.MaxInt64-int64(c-'0'))/10 {
			return ErrLength
		}
		q.length = q.length*10 + int64(c-'0')
	}
	return nil
}

// codingField parses one line of Transfer-Encoding. The list may continue in the next line. Empty
// members are refused in this field only: because it decides where the request ends, nothing is
// forgiven here.
func (q *Request) codingField(value []byte) *Error {
	q.codingSeen = true
	for member := range members(value) {
		name, _, parameters := bytes.Cut(member, semicolon)
		switch {
		case !isToken(trim(name)), q.chunked:
			return ErrCoding // not a coding, or a coding after chunked
		case fold(member, "chunked"):
			q.chunked = true
		case parameters && fold(trim(name), "chunked"):
			return ErrCoding // RFC 9112 7.1: chunked has no parameters
		default:
			q.otherCoding = true
		}
	}
	return nil
}

// decideFraming checks the header fields together, after the last line, and decides how the body is
// framed. It can't be called earlier: a field that changes the decision may be in the last line.
//
// This is the function that protects against request smuggling. If a proxy in front of this server
// decides otherwise about the same fields, it sees other requests than this server does. So each
// case that two readers could decide differently is an error. The order of the cases only decides
// which error is reported.
func (r *Reader) decideFraming() *Error {
	q := &r.req
	switch {
	case q.minor > 0 && !q.hostSeen:
		return ErrNoHost
	case q.codingSeen && q.minor == 0:
		// RFC 9112 6.1: "A server or client that receives an HTTP/1.0 message containing a
		// Transfer-Encoding header field MUST treat the message as if the framing is
		// faulty".
		return ErrCoding10
	case q.codingSeen && q.lengthSeen:
		// RFC 9112 6.3: "Such a message might indicate an attempt to perform request
		// smuggling [...] or response splitting [...] and ought to be handled as an error."
		return ErrLengthAndCoding
	case q.codingSeen && !q.chunked:
		// RFC 9112 6.3: "If a Transfer-Encoding header field is present in a request and
		// the chunked transfer coding is not the final encoding, the message body length
		// cannot be determined reliably; the server MUST respond with the 400 (Bad Request)
		// status code and then close the connection."
		return ErrCoding
	case q.otherCoding:
		return ErrUnknownCoding
	case q.length > r.limits.body():
		return ErrBodyLimit
	case q.otherExpectation && q.minor > 0:
		return ErrExpect
	}
	r.phase, r.rest = sized, q.length
	if q.chunked {
		r.phase = chunked
	}
	return nil
}

// nextSized reads a body of Content-Length bytes.
func (r *Reader) nextSized(p []byte) (Event, int) {
	if r.rest == 0 {
		r.phase = over
		return Event{Kind: End}, 0
	}
	return r.bodyPiece(p)
}

// bodyPiece returns the bytes of p that belong to the body, at most r.rest. The piece is a part of
// p and not a copy, and its capacity ends with it. So an append to it can't overwrite the next
// request, which may follow in p.
func (r *Reader) bodyPiece(p []byte) (Event, int) {
	n := int(min(r.rest, int64(len(p))))
	if n == 0 {
		return Event{Kind: NeedMore}, 0
	}
	r.rest -= int64(n)
	return Event{Kind: Body, Data: p[:n:n]}, n
}
