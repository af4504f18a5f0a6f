package ws

import "strconv"

// Kind says what an Event is.
type Kind byte

// The kinds of event.
const (
	NeedMore   Kind = iota // nothing: p is used up
	Data                   // a piece of a message
	PingFrame              // Payload goes back in a Pong
	PongFrame              // Payload is that of the Ping it answers, or anything
	CloseFrame             // the peer's last frame: Code and, as Payload, its reason
	Failed                 // the peer broke a rule: Err, and Code to close with
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

// Event is what Reader.Next has found.
type Event struct {
	Kind Kind

	// Opcode, First, Last and Rsv1 belong to Data and describe the message, not the frame: Opcode is
	// Text or Binary in every piece, a continuation frame's too, and Rsv1 is the message's mark of
	// an extension in every piece. First and Last may be set in the same one.
	Opcode      Opcode
	First, Last bool
	Rsv1        bool

	// Code belongs to CloseFrame, where NoStatus means that the frame had none, and to Failed.
	Code Code

	// Payload refers to the bytes given to Next and lives as long as they do. Only that of a control
	// frame that came in pieces has memory of its own.
	Payload []byte

	// Err is the rule that was broken, set in Failed only.
	Err *Error
}
