package http1

import "strconv"

// An Error says why a request is refused, and with which status. Every Error of this package is one of the
// values below, so they can be compared by address. None carries anything the client sent: it can go into a
// log as it is.
type Error struct {
	Status int    // the status to answer with; the connection closes after it
	Reason string // short, lower case, English
}

// Error gives status and reason, as in "400: malformed request line".
func (e *Error) Error() string { return strconv.Itoa(e.Status) + ": " + e.Reason }

// What can be wrong with a request line.
var (
	ErrMethod      = &Error{400, "invalid method"}
	ErrRequestLine = &Error{400, "malformed request line"}
	ErrTarget      = &Error{400, "invalid request target"}
	ErrHTTPS       = &Error{421, "a request for an https target came without TLS"}
	ErrVersion     = &Error{400, "malformed HTTP version"}
	ErrNotHTTP1    = &Error{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"}
	ErrLineLimit   = &Error{414, "request line too long"}
)

// What can be wrong with a line, or with the fields as such.
var (
	ErrLineEnd    = &Error{400, "line does not end with CRLF"}
	ErrFold       = &Error{400, "field line begins with white space"}
	ErrFieldName  = &Error{400, "invalid field name"}
	ErrFieldValue = &Error{400, "invalid character in a field value"}
	ErrHeadLimit  = &Error{431, "header fields too large"}
	ErrFieldLimit = &Error{431, "too many header fields"}
)

// What can be wrong with the fields that decide the framing and the connection.
var (
	ErrNoHost          = &Error{400, "Host is missing"}
	ErrHost            = &Error{400, "invalid host"}
	ErrHostTwice       = &Error{400, "more than one Host"}
	ErrLength          = &Error{400, "invalid Content-Length"}
	ErrLengthTwice     = &Error{400, "more than one Content-Length"}
	ErrLengthAndCoding = &Error{400, "both Content-Length and Transfer-Encoding"}
	ErrCoding          = &Error{400, "malformed Transfer-Encoding, or chunked is not its last coding"}
	ErrCoding10        = &Error{400, "Transfer-Encoding in HTTP/1.0"}
	ErrUnknownCoding   = &Error{501, "transfer coding other than chunked"}
	ErrExpect          = &Error{417, "expectation other than 100-continue"}
)

// What can be wrong with a body.
var (
	ErrBodyLimit  = &Error{413, "body too large"}
	ErrChunkSize  = &Error{400, "invalid chunk size"}
	ErrChunkExt   = &Error{400, "invalid chunk extension"}
	ErrChunkLimit = &Error{400, "chunk extensions too large"}
	ErrChunkEnd   = &Error{400, "chunk longer than its size"}
)
