package http1

import "strconv"

// An Error says why a request is refused, and with which status. Every Error of this package is one
// of the variables below, so you can compare them with ==. No Error contains bytes from the client,
// so it is safe in a log.
type Error struct {
	Status int    // of the response, after which the connection closes
	Reason string // a short reason in English, in lower case
}

// Error returns the status and the reason, as in "400: malformed request line".
func (e *Error) Error() string { return strconv.Itoa(e.Status) + ": " + e.Reason }

// Errors in the request line.
var (
	ErrMethod      = &Error{400, "invalid method"}
	ErrRequestLine = &Error{400, "malformed request line"}
	ErrTarget      = &Error{400, "invalid request target"}
	ErrHTTPS       = &Error{421, "an https target needs a connection with TLS"}
	ErrVersion     = &Error{400, "malformed HTTP version"}
	ErrNotHTTP1    = &Error{505, "this server supports only HTTP/1.0 and HTTP/1.1"}
	ErrLineLimit   = &Error{414, "request line too long"}
)

// Errors in a line, or in the header fields in general.
var (
	ErrLineEnd    = &Error{400, "line does not end with CRLF"}
	ErrFold       = &Error{400, "field line begins with white space"}
	ErrFieldName  = &Error{400, "invalid field name"}
	ErrFieldValue = &Error{400, "invalid character in a field value"}
	ErrHeadLimit  = &Error{431, "header fields too large"}
	ErrFieldLimit = &Error{431, "too many header fields"}
)

// Errors in the fields that decide the framing and the connection.
var (
	ErrNoHost          = &Error{400, "Host is missing"}
	ErrHost            = &Error{400, "invalid host"}
	ErrHostTwice       = &Error{400, "more than one Host"}
	ErrLength          = &Error{400, "invalid Content-Length"}
	ErrLengthTwice     = &Error{400, "more than one Content-Length"}
	ErrLengthAndCoding = &Error{400, "both Content-Length and Transfer-Encoding"}
	ErrCoding          = &Error{400, "malformed Transfer-Encoding, or chunked isn't its last coding"}
	ErrCoding10        = &Error{400, "Transfer-Encoding in HTTP/1.0"}
	ErrUnknownCoding   = &Error{501, "unsupported transfer coding: only chunked is supported"}
	ErrExpect          = &Error{417, "unsupported expectation: only 100-continue is supported"}
)

// Errors in a body.
var (
	ErrBodyLimit  = &Error{413, "body too large"}
	ErrChunkSize  = &Error{400, "invalid chunk size"}
	ErrChunkExt   = &Error{400, "invalid chunk extension"}
	ErrChunkLimit = &Error{400, "chunk extensions too large"}
	ErrChunkEnd   = &Error{400, "chunk longer than its size"}
)
