package ws

// Role says which end of the connection reads.
type Role bool

// The two roles. A server is sent masked frames, a client unmasked ones (RFC 6455 5.1).
const (
	Server Role = false
	Client Role = true
)

// Reader turns the bytes of one direction of a connection into events. The zero Reader is a
// server's, without a size limit. It is not safe for concurrent use.
//
// It is in one of four states:
//
//	between frames   held == 0
//	in a header      held > 0,  rest == 0: head[:held] is the part that has arrived
//	in a payload     held > 0,  rest > 0: head[:held] is the frame's whole header
//	over             a Close frame or a broken rule was seen: the rest is discarded
//
// The first three exist within a message (opcode is Text or Binary) and outside of one (opcode is
// 0). Between two messages every field has the value that Init left: an idle Reader holds on to
// nothing.
type Reader struct {
	// Rsv1 is set by the caller, after Init, if an extension was agreed upon that marks messages by
	// their first frame's RSV1 bit, such as permessage-deflate (RFC 7692 section 6). The text of a
	// marked message is not checked: it is the extension that knows it.
	Rsv1 bool

	// Hybi07 is set by the caller, after Init, if the peer speaks version 7 or 8 of the protocol. Its
	// frames are those of RFC 6455, but its Close has a code of its own for a message too big.
	Hybi07 bool

	role   Role
	over   bool
	opcode Opcode // of the message that has begun
	marked bool   // that message has RSV1 set
	text   UTF8
	held   uint8
	head   [MaxHeader]byte
	limit  int64             // of size; 0: none
	size   int64             // of the message, with all of the frame that has begun
	rest   int64             // of the frame's payload, still to come
	ctl    *[maxControl]byte // payload of a control frame that was cut inside it
}

// Init makes r ready for a connection's first frame. limit is the most payload that one message may
// have, in bytes as sent, so before any extension inflates it; 0 is no limit.
func (r *Reader) Init(role Role, limit int64) {
	*r = Reader{role: role, limit: limit}
}

// Limit is the limit that Init, or SetLimit, was given last.
func (r *Reader) Limit() int64 { return r.limit }

// SetLimit replaces the limit that Init was given, for the messages that have not begun yet.
func (r *Reader) SetLimit(limit int64) { r.limit = limit }

// Rest returns how many bytes of the data frame under way are still to come: what may be read
// straight into the message's own memory. It is 0 between frames, in a header, in a control frame,
// and when all is over. The peer has announced the number, and nothing else: don't allocate by it.
func (r *Reader) Rest() int64 {
	if r.rest > 0 && Opcode(r.head[0]&opcodeBits).Control() {
		return 0
	}
	return r.rest
}

// Next reads the first n bytes of p and returns what they are. The caller goes on with p[n:] until
// the event is NeedMore; then n is len(p), and nothing of p will be looked at again. Payloads are
// unmasked in place.
//
// A data frame that lies whole in p is one Data event; one that is cut gives a piece of what each
// call brings. A piece may be empty only if it is a message's first or last. Control frames are
// given whole. After CloseFrame or Failed every call is NeedMore.
func (r *Reader) Next(p []byte) (ev Event, n int) {
	for n < len(p) && !r.over {
		var h Header
		if r.rest > 0 {
			h, _, _ = ParseHeader(r.head[:r.held])
		} else {
			var k int
			var err *Error
			if h, k, err = r.header(p[n:]); err != nil {
				return r.fail(err), len(p)
			}
			if k == 0 {
				break
			}
			n += k
		}
		pos := h.Length - r.rest
		piece := p[n:]
		if r.rest < int64(len(piece)) {
			piece = piece[:r.rest]
		}
		n += len(piece)
		r.rest -= int64(len(piece))
		if h.Masked {
			Mask(h.Key, pos, piece)
		}
		if h.Opcode.Control() {
			ev = r.control(h, pos, piece)
		} else {
			first, last := pos == 0 && h.Opcode != Continuation, h.Fin && r.rest == 0
			ev = r.data(first, last, piece)
		}
		if r.rest == 0 && r.held > 0 {
			r.held, r.head = 0, [MaxHeader]byte{}
		}
		if ev.Kind != NeedMore {
			return ev, n
		}
	}
	return Event{}, len(p)
}

// header parses the header that p begins with or goes on with, opens its frame, and returns how
// many bytes of p it took; 0 if it is still not whole. What a later call needs is kept.
func (r *Reader) header(p []byte) (h Header, n int, err *Error) {
	had := int(r.held)
	if had > 0 {
		p = r.head[:had+copy(r.head[had:], p)]
	}
	if err := r.check(p); err != nil {
		return h, 0, err
	}
	h, n, err = ParseHeader(p)
	if err != nil {
		return h, 0, err
	}
	if n == 0 {
		r.held = uint8(copy(r.head[:], p))
		return h, 0, nil
	}
	if !h.Opcode.Control() {
		if r.limit > 0 && h.Length > r.limit-r.size {
			return h, 0, ErrMessageTooBig
		}
		r.size += h.Length
		if h.Opcode != Continuation {
			r.opcode, r.marked = h.Opcode, h.Rsv != 0
		}
	}
	r.rest = h.Length
	if h.Length > int64(len(p)-n) { // more of the frame is to come than p has
		r.held = uint8(copy(r.head[:], p[:n]))
	}
	return h, n - had, nil
}

// check checks the first two bytes of a header against the Reader's state. It does so in the
// order of the bytes, and with checkFirst in its place: otherwise which rule is found broken would
// depend on where the header was cut.
func (r *Reader) check(p []byte) *Error {
	if err := checkFirst(p[0]); err != nil {
		return err
	}
	op, rsv := Opcode(p[0]&opcodeBits), p[0]&rsvBits
	begins := op == Text || op == Binary
	switch {
	// RFC 7692 6.1: RSV1 is for the first frame of a message alone.
	case rsv != 0 && !(rsv == rsv1Bit && r.Rsv1 && begins):
		return ErrReserved
	case op == Continuation && r.opcode == 0:
		return ErrNoMessage
	case begins && r.opcode != 0:
		return ErrMessageOpen
	case len(p) < 2:
		return nil
	}
	// RFC 6455 5.1: "The server MUST close the connection upon receiving a frame that is not
	// masked", and "A client MUST close a connection if it detects a masked frame."
	masked := p[1]&maskBit != 0
	switch {
	case r.role == Server && !masked:
		return ErrUnmasked
	case r.role == Client && masked:
		return ErrMasked
	}
	return nil
}

// data makes the event of a piece of a message, unless the piece says nothing.
func (r *Reader) data(first, last bool, piece []byte) Event {
	if len(piece) == 0 && (r.rest > 0 || !first && !last) {
		return Event{}
	}
	if r.opcode == Text && !r.marked && (!r.text.Valid(piece) || last && !r.text.Complete()) {
		return r.fail(ErrInvalidPayload)
	}
	ev := Event{Kind: Data, Opcode: r.opcode, First: first, Last: last, Rsv1: r.marked, Payload: piece}
	if last {
		r.opcode, r.marked, r.size = 0, false, 0
	}
	return ev
}

// control makes the event of a control frame once its payload is whole. Only the part of one that
// is cut is copied; the copy then belongs to the event.
func (r *Reader) control(h Header, pos int64, piece []byte) Event {
	if int64(len(piece)) < h.Length {
		if len(piece) == 0 {
			return Event{}
		}
		if r.ctl == nil {
			r.ctl = new([maxControl]byte)
		}
		copy(r.ctl[pos:], piece)
		if r.rest > 0 {
			return Event{}
		}
		piece, r.ctl = r.ctl[:h.Length], nil
	}
	switch h.Opcode {
	case Ping:
		return Event{Kind: PingFrame, Payload: piece}
	case Pong:
		return Event{Kind: PongFrame, Payload: piece}
	}
	if r.Hybi07 {
		translateHybi07Code(piece)
	}
	code, reason, err := ParseClose(piece)
	if err != nil {
		return r.fail(err)
	}
	r.over = true
	return Event{Kind: CloseFrame, Code: code, Payload: reason}
}

// fail ends the stream of events and drops what was held.
func (r *Reader) fail(err *Error) Event {
	*r = Reader{Rsv1: r.Rsv1, Hybi07: r.Hybi07, role: r.role, limit: r.limit, over: true}
	return Event{Kind: Failed, Code: err.Code, Err: err}
}
