package ws

import "strconv"

// Kind says what an Event is.
type Kind byte

// The kinds of event.
const (
	NeedMore   Kind = iota // no event: p is used up
	Data                   // a piece of a message
	PingFrame              // send Payload back in a Pong
	PongFrame              // Payload is copied from a Ping; an unsolicited Pong may have any
	CloseFrame             // the peer's last frame; Payload is its reason
	Failed                 // the peer broke the rule Err; close with Code
)

// String returns the kind's name, for logs and tests.
func (k Kind) String() string {
	switch k {
	case NeedMore:
		return "need more"
	case Data:
		return "data"
	case PingFrame:
		return "ping frame"
	case PongFrame:
		return "pong frame"
	case CloseFrame:
		return "close frame"
	case Failed:
		return "failed"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Event is a result of Reader.Next.
type Event struct {
	Kind Kind

	// Opcode, First, Last and Rsv1 are set for Data. They describe the message, not the frame. So
	// Opcode is Text or Binary in every piece, also in a piece of a continuation frame, and Rsv1 is
	// the RSV1 bit of the message's first frame. A piece that is the whole message has First and
	// Last.
	Opcode      Opcode
	First, Last bool
	Rsv1        bool

	// Code is set for CloseFrame and Failed. A CloseFrame has NoStatus if the frame has no code.
	Code Code

	// Payload refers to the bytes that Next was given, so it is valid as long as they are. Only the
	// payload of a control frame that came in pieces has memory of its own.
	Payload []byte

	// Err is the broken rule. It is set for Failed only.
	Err *Error
}
