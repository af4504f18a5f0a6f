package processtest

import (
	"io"

	"threeloops/common/ws"
)

// Events reads what a server sends on a WebSocket. Its Reader must be made ready, as
// a client's, before the first Next.
type Events struct {
	ws.Reader
	In io.Reader

	rest []byte // read, and not yet taken
	buf  []byte
}

// Next returns the next message, whole, or control frame. Its payload is valid until
// the next call.
func (e *Events) Next() (ws.Event, error) {
	var message []byte
	for {
		ev, n := e.Reader.Next(e.rest)
		e.rest = e.rest[n:]
		switch ev.Kind {
		case ws.NeedMore:
			if e.buf == nil {
				e.buf = make([]byte, 64<<10)
			}
			n, err := e.In.Read(e.buf)
			if err != nil {
				return ev, err
			}
			e.rest = e.buf[:n]
		case ws.Failed:
			return ev, ev.Err
		case ws.Data:
			message = append(message, ev.Payload...)
			if ev.Last {
				ev.Payload = message
				return ev, nil
			}
		default:
			return ev, nil
		}
	}
}
