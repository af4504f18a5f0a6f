package ws

// Role says which end of the connection reads.
type Role bool

// The two roles. A client masks its frames, a server doesn't (RFC 6455 5.1).
const (
	Server Role = false
	Client Role = true
)

// Reader turns the bytes of one direction of a connection into events. The zero Reader is a
// server's, without a size limit. A Reader is not safe for concurrent use.
//
// It is pulled and calls nobody: Next takes some bytes and returns what they are. So the caller
// decides when to continue, for instance not before its queue has room for a response.
//
// A Reader is in one of four states:
//
//	between frames   held == 0
//	in a header      held > 0,  rest == 0: head[:held] is the part that has arrived
//	in a payload     held > 0,  rest > 0: head[:held] is the frame's whole header
//	over             a Close frame or a broken rule was seen: the rest is discarded
//
// The first three exist within a message (opcode is Text or Binary) and outside of a message
// (opcode is 0). Between two messages every field has the value that Init left, so an idle Reader
// keeps no memory.
type Reader struct {
	// Rsv1: the two sides have agreed on an extension that marks messages with the RSV1 bit of
	// their first frame, such as permessage-deflate (RFC 7692 section 6). The caller sets it after
	// Init. The Reader doesn't check the text of a marked message: only the extension can decode
	// it.
	Rsv1 bool

	// Hybi07: the peer speaks version 7 or 8 of the protocol. The caller sets it after Init. These
	// versions have the frames of RFC 6455, but another close code for a message that is too big.
	Hybi07 bool

	role   Role
	over   bool
	opcode Opcode // of the message that has begun
	marked bool   // that message has RSV1 set
	text   UTF8
	held   uint8
	head   [MaxHeader]byte
	limit  int64             // of size; 0: none
	size   int64             // bytes of the message, including the whole frame that has begun
	rest   int64             // bytes of the frame's payload that haven't arrived
	ctl    *[maxControl]byte // payload of a control frame that was cut inside it
}

// Init makes r ready for a connection's first frame. limit is the most payload that one message may
// have, in bytes as sent, before any extension inflates it; 0 is no limit.
func (r *Reader) Init(role Role, limit int64) {
	*r = Reader{role: role, limit: limit}
}

// Limit is the limit that was set last, by Init or SetLimit.
func (r *Reader) Limit() int64 { return r.limit }

// SetLimit replaces the limit for messages that have not begun yet.
func (r *Reader) SetLimit(limit int64) { r.limit = limit }

// Rest returns how many bytes of the current data frame haven't arrived. The caller may read them
// directly into the memory of the message. Rest is 0 between frames, in a header, in a control
// frame, and after the end. The peer has only announced this number, so don't allocate that much
// memory.
func (r *Reader) Rest() int64 {
	if r.rest > 0 && Opcode(r.head[0]&opcodeBits).Control() {
		return 0
	}
	return r.rest
}

// Next reads the first n bytes of p and returns what they are. The caller continues with p[n:]
// until the event is NeedMore. Then n is len(p), and the Reader needs nothing of p any more. Next
// unmasks payloads in place.
//
// If p has a whole data frame, Next returns it as one Data event. If a data frame is cut, each call
// returns the piece that it was given. A piece is empty only if it is the first or last of a
// message. Control frames are returned whole. After CloseFrame or Failed every call returns
// NeedMore.
//
// Next returns pieces and not whole messages, so the Reader needs no memory for a message, however
// long the message is, and an application can pass a stream on while it arrives. An application
// that wants whole messages leaves it to the session to collect the pieces.
func (r *Reader) Next(p []byte) (ev Event, n int) {
	// Each pass of the loop reads from one frame. Most passes end with an event. A pass without one
	// has read an empty piece in the middle of a message, or the beginning of a control frame. At
	// the top of the loop p[:n] is processed completely, and r is in one of the four states that
	// its doc comment lists. So it makes no difference whether the caller cuts p here or not.
	for n < len(p) && !r.over {
		// The state is only the bytes of the header, and how much of the payload is missing. In the
		// middle of a payload the header is parsed again: that is cheap, and a second copy of its
		// fields could contradict the first.
		var h Header
		if r.rest > 0 {
			h, _, _ = ParseHeader(r.head[:r.held])
		} else {
			var k int
			var err *Error
			if h, k, err = r.header(p[n:]); err != nil {
				return r.fail(err), len(p)
			}
			if k == 0 { // the header isn't whole; header has kept its bytes
				break
			}
			n += k
		}
		// From here on both cases are the same: h is the header of the frame, p[n:] is payload or
		// empty, and r.rest bytes of the payload are missing. An empty payload is complete already.
		pos := h.Length - r.rest // where in the payload the piece begins, which decides its mask
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
		// The frame is complete. Without its header the Reader is between two frames again.
		if r.rest == 0 && r.held > 0 {
			r.held, r.head = 0, [MaxHeader]byte{}
		}
		if ev.Kind != NeedMore {
			return ev, n
		}
	}
	return Event{}, len(p)
}

// header parses the header with which p begins or continues, begins its frame, and returns how many
// bytes of p it took, or 0 if the header isn't complete. It keeps what a later call needs: a header
// that is cut, and the header of a frame whose payload is cut. If p has a whole frame, nothing is
// copied.
//
// RFC 6455 5.4 allows a message of any length, so header checks the limit. It compares the
// announced length with it, before the payload arrives, and before anybody allocates memory for it.
func (r *Reader) header(p []byte) (h Header, n int, err *Error) {
	// The usual header lies whole in p. Of a header that was cut, had bytes are in r.head. The
	// bytes after them come from p, and p is then the copy, which may have bytes of the payload as
	// well.
	had := int(r.held)
	if had > 0 {
		p = r.head[:had+copy(r.head[had:], p)]
	}
	// An incomplete header is checked too, so that a broken rule is reported at the same byte
	// however the header is cut.
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
		// The fragments of a message count together. size can't overflow: it never exceeds the
		// limit, and without a limit a wrong sum changes nothing.
		r.size += h.Length
		if h.Opcode != Continuation {
			r.opcode, r.marked = h.Opcode, h.Rsv != 0
		}
	}
	r.rest = h.Length
	if h.Length > int64(len(p)-n) { // a part of the payload hasn't arrived
		r.held = uint8(copy(r.head[:], p[:n]))
	}
	return h, n - had, nil
}

// check checks the rules for the first two bytes of a header that depend on the Reader's state. It
// checks the bytes in their order, and calls checkFirst itself, although ParseHeader does so too.
// Otherwise a header with two faults would be reported for one or the other, depending on where it
// is cut.
func (r *Reader) check(p []byte) *Error {
	if err := checkFirst(p[0]); err != nil {
		return err
	}
	op, rsv := Opcode(p[0]&opcodeBits), p[0]&rsvBits
	begins := op == Text || op == Binary
	switch {
	// RFC 7692 6.1: only the first frame of a message may have RSV1.
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

// data makes the event for a piece of a message. It makes no event for an empty piece in the
// middle, which would tell the caller nothing.
//
// RFC 6455 8.1: text that isn't UTF-8 fails the connection. data checks each piece before it
// returns it, so the application never gets an invalid byte. A character may be cut anywhere, so
// r.text remembers what is missing of the last one. Only the message must end with a complete
// character.
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

// control makes the event for a control frame when its payload is complete. If the payload is cut,
// control collects it in r.ctl, which then belongs to the event. A payload that isn't cut is never
// copied. RFC 6455 5.5: a control frame has at most 125 bytes.
//
// A control frame may come between two fragments of a message, so control changes none of the
// fields that describe the message.
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

// fail ends the stream of events, and releases the memory that r has.
func (r *Reader) fail(err *Error) Event {
	*r = Reader{Rsv1: r.Rsv1, Hybi07: r.Hybi07, role: r.role, limit: r.limit, over: true}
	return Event{Kind: Failed, Code: err.Code, Err: err}
}
