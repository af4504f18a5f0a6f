package http1

import "math"

// Limits bound what one request may take.
type Limits struct {
	// Head is the greatest number of bytes of the request line and the fields, line ends included; 0 means 16
	// KiB. The trailers and the chunk extensions of a chunked body, together, have the same limit once more.
	Head int

	// Body is the greatest number of bytes of a body, chunk framing not counted; 0 means no limit.
	Body int64
}

func (l Limits) head() int {
	if l.Head <= 0 {
		return 16 << 10
	}
	return l.Head
}

func (l Limits) body() int64 {
	if l.Body <= 0 {
		return math.MaxInt64
	}
	return l.Body
}

// Kind says what an Event is.
type Kind uint8

// The kinds of Event. A request is Head, any number of Body, End; Failed can come in place of any of them.
const (
	NeedMore Kind = iota // all of p has been read, and more is needed
	Head                 // the head is complete: Request is valid from here on
	Body                 // Data is the next piece of the body, never empty
	End                  // the request is over; the next one begins at p[n:], after Reset
	Failed               // Err says why; whatever follows is discarded
)

// String gives the kind's name.
func (k Kind) String() string {
	return [...]string{"NeedMore", "Head", "Body", "End", "Failed"}[k]
}

// An Event is what Next has found.
type Event struct {
	Kind Kind
	Data []byte // of Body: lent, a part of the p that was given to Next
	Err  *Error // of Failed
}

// phase is where in a request the Reader is. A request goes down this list, past sized or chunked; every
// phase but the last two can end in failed.
type phase uint8

const (
	before  phase = iota // only empty lines have come
	inHead               // a byte of the request line has come
	sized                // the head is complete; rest bytes of body follow, perhaps none
	chunked              // the head is complete; chunks follow
	over                 // the last byte has come
	failed               // the request has been refused
)

// A Reader reads one request from a stream of bytes, in whatever pieces they arrive. The zero Reader is like
// one after Reset(Limits{}).
type Reader struct {
	limits    Limits
	phase     phase
	crPending bool // phase before: the CR of an empty line has come, its LF has not

	// While the head arrives: lineAt is where the current line begins, and searched is how far the head has been
	// searched for that line's end. No byte is searched again, so a slow sender costs no more than a fast one.
	lineAt, searched int
	fieldsAt         int // where the fields begin, after the request line

	// buf holds a head that arrived in pieces, or one that was kept. While it is empty the head is in the caller's
	// buffer.
	buf []byte

	fieldCache

	methodKind MethodKind // of a request that was refused within its head

	rest  int64 // bytes to come of a sized body, or of the current chunk
	chunk chunk

	req Request
}

// Buffers above this size are not kept from one request to the next: one client's giant cookies must not be
// paid for by every connection that uses this Reader later.
const maxKeptBuffer = 64 << 10

// Reset makes the Reader ready for the next request. What it has collected for the last one is forgotten, and
// its Request is no longer valid; its memory is kept, but no buffer above 64 KiB. Of the last head it keeps a
// copy of the fields, up to 4 KiB, for the next one's may be the same.
func (r *Reader) Reset(l Limits) {
	r.limits = l
	r.phase, r.crPending = before, false
	r.lineAt, r.searched, r.fieldsAt = 0, 0, 0
	if r.buf = r.buf[:0]; cap(r.buf) > maxKeptBuffer {
		r.buf = nil
	}
	r.rest, r.chunk, r.methodKind = 0, chunk{}, MethodUnknown
	r.req.reset()
}

// Started reports whether a byte of a request has been read since Reset. Empty lines before the request line
// are no part of it, nor is a CR that may be half of one.
func (r *Reader) Started() bool { return r.phase != before }

// Request is the request being read: valid from the event Head until Reset. Its head lies in the p that was
// given to Next when Head was returned, or in the Reader; Keep makes sure of the latter.
func (r *Reader) Request() *Request { return &r.req }

// MethodKind says whether a request's method is HEAD: then no response to it has content, not even a refusal (RFC 9110
// 9.3.2).
type MethodKind uint8

// The method is Unknown before enough of it has come.
const (
	MethodUnknown MethodKind = iota
	MethodHEAD
	MethodOther
)

// MethodKind says what is known of the method, also of a request that is incomplete or that was refused. It doesn't
// depend on how the request was cut.
func (r *Reader) MethodKind() MethodKind {
	switch {
	case r.phase == failed && r.req.head == nil:
		return r.methodKind
	case r.phase <= inHead:
		return methodKindOf(r.buf)
	}
	return methodKindOf(r.req.head)
}

// methodKindOf returns the MethodKind of a head, or of the beginning of one. Any byte that is no token character ends
// the method here.
func methodKindOf(head []byte) MethodKind {
	const name = "HEAD"
	switch n := min(len(head), len(name)); {
	case string(head[:n]) != name[:n], n < len(head) && class[head[n]]&inToken != 0:
		return MethodOther
	case n == len(head):
		return MethodUnknown
	}
	return MethodHEAD
}

// Held is how many bytes of memory the Reader's copy of a head takes.
func (r *Reader) Held() int { return cap(r.buf) }

// Keep copies the head into the Reader. A caller who is about to use p's memory again, while the Request is
// still needed, calls it first.
func (r *Reader) Keep() {
	if len(r.buf) == 0 && r.req.head != nil {
		r.buf = append(r.buf, r.req.head...)
		r.req.setHead(r.buf, len(r.buf)-len(r.req.fieldBlock))
	}
}

// Next reads the first n bytes of p and returns what they are. The caller goes on with p[n:], even if that is
// empty, until the event is NeedMore (then n is len(p), and more must be read), End or Failed. Bytes after
// the end of the request are never read. After End it returns End again and after Failed NeedMore, until
// Reset.
//
// p is not written to. It is lent until Next returns, except for what Event.Data and, without Keep, the
// Request refer to.
func (r *Reader) Next(p []byte) (ev Event, n int) {
	switch r.phase {
	case before, inHead:
		return r.nextHead(p)
	case sized:
		return r.nextSized(p)
	case chunked:
		return r.nextChunked(p)
	case over:
		return Event{Kind: End}, 0
	case failed:
		return Event{Kind: NeedMore}, len(p)
	}
	panic("http1: impossible phase")
}

// fail ends the request. All of p is dropped: after an error nobody knows where the next request begins.
func (r *Reader) fail(p []byte, err *Error) (Event, int) {
	if r.phase <= inHead {
		r.req.reset() // half a Request would be worse than none
	}
	r.phase = failed
	return Event{Kind: Failed, Err: err}, len(p)
}
