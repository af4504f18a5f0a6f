package ws

import "strconv"

// Error is a rule that the peer has broken. There is one value for each rule, all of them below, so
// compare with ==. Code is the code for the Close frame to send. Reason is short enough for that
// frame.
type Error struct {
	Code   Code
	Reason string
}

// Error implements error. Remember that a nil *Error in a variable of type error is not a nil
// error.
func (e *Error) Error() string {
	return "websocket: " + e.Reason + " (" + strconv.Itoa(int(e.Code)) + ")"
}

// Rules that concern one header alone. ParseHeader checks them.
var (
	ErrOpcode            = &Error{ProtocolError, "reserved opcode"}
	ErrControlFragmented = &Error{ProtocolError, "fragmented control frame"}
	ErrControlLong       = &Error{ProtocolError, "control frame longer than 125 bytes"}
	ErrLengthForm        = &Error{ProtocolError, "length not in its shortest form"}
	ErrLengthSign        = &Error{ProtocolError, "length with its top bit set"}
)

// Rules that depend on the sender, on what was negotiated, and on the earlier frames. The Reader
// checks them.
var (
	ErrReserved       = &Error{ProtocolError, "reserved bit without its extension"}
	ErrUnmasked       = &Error{ProtocolError, "unmasked frame from a client"}
	ErrMasked         = &Error{ProtocolError, "masked frame from a server"}
	ErrNoMessage      = &Error{ProtocolError, "continuation without a message"}
	ErrMessageOpen    = &Error{ProtocolError, "new message inside a fragmented one"}
	ErrMessageTooBig  = &Error{MessageTooBig, "message too big"}
	ErrInvalidPayload = &Error{InvalidPayload, "text is not UTF-8"}
)

// Rules for the payload of a Close frame. ParseClose checks them.
var (
	ErrCloseLength = &Error{ProtocolError, "close payload of one byte"}
	ErrCloseCode   = &Error{ProtocolError, "close code that must not be sent"}
	ErrCloseReason = &Error{InvalidPayload, "close reason is not UTF-8"}
)

// Rules for compressed messages. The Inflater checks them; it also returns ErrInvalidPayload and
// ErrMessageTooBig. RFC 7692 names no code. RFC 6455 7.4.1 has 1007 for data "not consistent with
// the type of the message", and RSV1 says that the type of the message is deflate data.
var (
	ErrDeflate      = &Error{InvalidPayload, "message is not deflate data"}
	ErrDeflateFinal = &Error{PolicyViolation, "too many final blocks in a message"}
)
