package http1

import "math"

// Limits are the limits of one request. The zero Limits are the defaults.
type Limits struct {
	// Head limits the bytes of the request line and the header fields, line ends included; 0
	// means 16 KiB. The trailers and the chunk extensions of a chunked body together have the
	// same limit again.
	Head int

	// Body limits the bytes of a body, without the chunk framing; 0 means no limit.
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

// Kind is the kind of an Event.
type Kind uint8

// The kinds of Event. A request gives one Head, any number of Body, and one End. Failed can replace
// any of them and is the last event.
const (
	NeedMore Kind = iota // all of p has been read, and the request needs more bytes
	Head                 // the head is complete: Request is valid from here on
	Body                 // Data is the next piece of the body, never empty
	End                  // the request is complete; call Reset, the next one begins at p[n:]
	Failed               // Err says why; all further bytes are discarded
)

// String returns the name of the kind.
func (k Kind) String() string {
	return [...]string{"NeedMore", "Head", "Body", "End", "Failed"}[k]
}

// An Event is what Next has found in its bytes.
type Event struct {
	Kind Kind
	Data []byte // for Body: a part of the p that Next got, lent
	Err  *Error // for Failed
}

// phase is how far the Reader is in a request. A request passes through this list from top to
// bottom, through either sized or chunked. Every phase except the last two can end in failed.
type phase uint8

const (
	before  phase = iota // nothing but empty lines has arrived
	inHead               // at least one byte of the request line has arrived
	sized                // the head is complete; rest bytes of body follow, perhaps 0
	chunked              // the head is complete; chunks follow
	over                 // the last byte has arrived
	failed               // the request has been refused
)

// A Reader reads one request from a stream of bytes, in whatever pieces they arrive. The zero
// Reader is ready to use, as after Reset(Limits{}).
type Reader struct {
	limits    Limits
	phase     phase
	crPending bool // in phase before: the CR of an empty line has arrived, its LF hasn't

	// While the head arrives, lineAt is the offset of the current line in the head, and
	// searched is the offset up to which that line has been searched for its end. The search
	// continues there, so a slow client costs no more than a fast one.
	lineAt, searched int
	fieldsAt         int // offset of the header fields, which follow the request line

	// buf is the Reader's copy of the head. It is used for a head that arrived in pieces, and
	// after Keep. While it is empty, the head is in the caller's buffer.
	buf []byte

	fieldCache

	methodKind MethodKind // set if the request was refused before its head was complete

	rest  int64 // bytes missing from a sized body, or from the current chunk
	chunk chunk

	req Request
}

// Reset frees a buffer above this size, in bytes. Otherwise one client's giant cookies would take
// memory in every later connection that uses this Reader.
const maxKeptBuffer = 64 << 10

// Reset makes the Reader ready for the next request. The last Request is no longer valid. The
// Reader keeps its memory, except for a buffer above 64 KiB. It also keeps a copy of the last
// header fields, up to 4 KiB, because the next request often repeats them.
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

// Started reports whether a byte of a request has been read since Reset. Empty lines before the
// request line don't count, and neither does a CR that may begin one.
func (r *Reader) Started() bool { return r.phase != before }

// Request returns the request that is being read. It is valid from the event Head until Reset. Its
// bytes are in the p that Next got when it returned Head, or in the Reader. After Keep they are in
// the Reader.
func (r *Reader) Request() *Request { return &r.req }

// MethodKind says whether a request's method is HEAD. A response to HEAD has no content, even if it
// refuses the request (RFC 9110 9.3.2).
type MethodKind uint8

// The kinds of method. It is unknown until enough bytes have arrived.
const (
	MethodUnknown MethodKind = iota
	MethodHEAD
	MethodOther
)

// MethodKind returns what is known about the method, even if the request is incomplete or was
// refused. The result doesn't depend on how the request was cut.
func (r *Reader) MethodKind() MethodKind {
	switch {
	case r.phase == failed && r.req.head == nil:
		return r.methodKind
	case r.phase <= inHead:
		return methodKindOf(r.buf)
	}
	return methodKindOf(r.req.head)
}

// methodKindOf returns the MethodKind of a head, or of the beginning of one. Every byte that is no
// token character ends the method here.
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

// Held returns the size of the Reader's copy of the head, in bytes of memory.
func (r *Reader) Held() int { return cap(r.buf) }

// Keep copies the head into the Reader. Call it before you reuse the memory of p while you still
// need the Request.
func (r *Reader) Keep() {
	if len(r.buf) == 0 && r.req.head != nil {
		r.buf = append(r.buf, r.req.head...)
		// No offset changes. The fields are the last part of the head.
		r.req.setHead(r.buf, len(r.buf)-len(r.req.fieldBlock))
	}
}

// Next reads the next part of a request from p. It returns one event, and n, the number of bytes of
// p that it has read. Call it again with p[n:], even if that is empty, until the event is one of
// these:
//
//   - NeedMore: n is len(p). Receive more bytes, and pass only the new ones.
//   - End: the request is complete, and p[n:] belongs to the next request. Next returns End, and
//     reads nothing, until Reset.
//   - Failed: n is len(p). Respond with the error's status and close the connection. Next discards
//     all bytes, and returns NeedMore, until Reset.
//
// Next never waits. A parser that calls Read when it needs more bytes stays inside that call until
// the client sends them, so it needs a goroutine or a process for each client. This one returns
// instead, and phase says where the next call continues. That is why one loop can serve thousands
// of clients with it.
//
// Next doesn't write to p. It uses p only until it returns, with two exceptions: Event.Data is a
// part of p, and the Request can be one until Keep is called.
func (r *Reader) Next(p []byte) (ev Event, n int) {
	// Between two calls, only the phase (for a chunked body, together with chunk) remembers
	// what the next byte of p means: the same "0\r\n" can end a header field, be part of a
	// body, or begin the last chunk. Each function below reads until it has something to
	// report, and sets the phase before it returns. None of them calls another one for the
	// bytes that are left. The caller does that, so it can stop between two events, for example
	// because it has no room for the next piece of body.
	switch r.phase {
	case before, inHead:
		return r.nextHead(p)
	case sized:
		// A request without a body is here too: 0 bytes of its body are missing. Its End
		// takes a call of its own, and that call needs no bytes. So the caller must call
		// again even if p[n:] is empty.
		return r.nextSized(p)
	case chunked:
		return r.nextChunked(p)
	case over:
		// The bytes of p belong to the next request. A client that doesn't wait for its
		// response may have sent that request already (pipelining, RFC 9112 9.3.2). Reset
		// may set other limits for that request, so Next doesn't read it before.
		return Event{Kind: End}, 0
	case failed:
		// These bytes could be the rest of the refused request, or what an attacker wants
		// to be read as a new one. Nobody can tell, so they are discarded. The event is not
		// Failed again, because there must be only one response.
		return Event{Kind: NeedMore}, len(p)
	}
	panic("http1: impossible phase")
}

// fail ends the request. It discards all of p, because nobody knows where the next request begins.
func (r *Reader) fail(p []byte, err *Error) (Event, int) {
	if r.phase <= inHead {
		r.req.reset() // so that nobody uses a Request of which half is parsed
	}
	r.phase = failed
	return Event{Kind: Failed, Err: err}, len(p)
}
