package ws

import "strconv"

// Error is a rule that the peer has broken. The values below are all there are, one a rule; compare
// with ==. Code is that of the Close frame to send, Reason is short enough for it.
type Error struct {
	Code   Code
	Reason string
}

// Error returns the reason and the code. It makes *Error an error; mind that a nil *Error put into
// an error is not a nil error.
func (e *Error) Error() string {
	return "websocket: " + e.Reason + " (" + strconv.Itoa(int(e.Code)) + ")"
}

// What a frame violates by itself: ParseHeader finds it.
var (
	ErrOpcode            = &Error{ProtocolError, "reserved opcode"}
	ErrControlFragmented = &Error{ProtocolError, "fragmented control frame"}
	ErrControlLong       = &Error{ProtocolError, "control frame longer than 125 bytes"}
	ErrLengthForm        = &Error{ProtocolError, "length not in its shortest form"}
	ErrLengthSign        = &Error{ProtocolError, "length with its top bit set"}
)

// What a frame violates by its place: its sender, what was negotiated, what came before. The Reader
// finds it.
var (
	ErrReserved       = &Error{ProtocolError, "reserved bit without its extension"}
	ErrUnmasked       = &Error{ProtocolError, "unmasked frame from a client"}
	ErrMasked         = &Error{ProtocolError, "masked frame from a server"}
	ErrNoMessage      = &Error{ProtocolError, "continuation without a message"}
	ErrMessageOpen    = &Error{ProtocolError, "new message inside a fragmented one"}
	ErrMessageTooBig  = &Error{MessageTooBig, "message too big"}
	ErrInvalidPayload = &Error{InvalidPayload, "text is not UTF-8"}
)

// What the payload of a Close frame violates: ParseClose finds it.
var (
	ErrCloseLength = &Error{ProtocolError, "close payload of one byte"}
	ErrCloseCode   = &Error{ProtocolError, "close code that must not be sent"}
	ErrCloseReason = &Error{InvalidPayload, "close reason is not UTF-8"}
)

// What a compressed message violates: the Inflater finds it, beside text that is not UTF-8 and a
// message too big. RFC 7692 names no code. RFC 6455 7.4.1 has 1007 for data "not consistent with the
// type of the message", and RSV1 says that its type is deflate data.
var (
	ErrDeflate      = &Error{InvalidPayload, "message is not deflate data"}
	ErrDeflateFinal = &Error{PolicyViolation, "too many final blocks in a message"}
)
