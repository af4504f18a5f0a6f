package inspect

import (
	"encoding/hex"
	"fmt"
	"math/bits"

	"threeloops/common/ws"
)

// socket reads the frames of one direction.
type socket struct {
	reader ws.Reader
	cutter cutter
	from   int // offset of the first frame

	takeover bool
	window   ws.Window
	marked   []byte // the compressed message that arrives in pieces
	tail     []byte // the last bytes of the text that arrives, at most three
	inText   bool   // a text has begun that isn't compressed
}

// newSocket makes a socket. fromServer means that the frames are the server's.
func newSocket(fromServer, deflate, takeover bool, limit int64) *socket {
	s := &socket{takeover: takeover}
	s.reader.Init(ws.Role(fromServer), limit)
	s.reader.Rsv1 = deflate
	return s
}

// kinds are the names of the kinds of event, as package ws has them.
var kinds = map[ws.Kind]string{
	ws.NeedMore: "NeedMore", ws.Data: "Data", ws.PingFrame: "PingFrame", ws.PongFrame: "PongFrame",
	ws.CloseFrame: "CloseFrame", ws.Failed: "Failed",
}

// readFrames reads frames up to the offset end. It reports whether the piece is used up.
func (i *inspector) readFrames(end int) bool {
	s := i.socket
	s.cutter.add(i.data[i.at:end], i.at)
	for i.mode == frames {
		// Next unmasks in place, and the bytes are still needed as they arrived.
		piece := append([]byte(nil), i.data[i.at:end]...)
		before := s.reader
		ev, n := s.reader.Next(piece)
		e := i.report("ws", kinds[ev.Kind], i.at+n)
		switch ev.Kind {
		case ws.NeedMore:
			i.feed(e)
			return true
		case ws.Data:
			s.data(e, &ev)
			if ev.Rsv1 && ev.Last {
				e = i.inflate(ev.Opcode == ws.Text)
			}
		case ws.PingFrame, ws.PongFrame:
			e.Data = dataOf(append([]byte(nil), ev.Payload...))
		case ws.CloseFrame:
			e.Code, e.Data = codeOf(ev.Code), dataOf(append([]byte(nil), ev.Payload...))
			i.mode = over
		case ws.Failed:
			e.Rule = frameRule(ev.Err)
			i.wrong(e.Rule, i.frameFailedAt(before))
			i.mode = over
		}
		i.feed(e)
		if i.mode == over {
			s.cutter.stop(i.lastByte(e))
		}
	}
	return false
}

// lastByte returns the offset of the last byte that counts.
func (i *inspector) lastByte(e *Event) int {
	if e.Rule != nil && e.Rule.At >= 0 {
		return e.Rule.At
	}
	return e.To - 1
}

// data describes a piece of a message.
func (s *socket) data(e *Event, ev *ws.Event) {
	p := append([]byte(nil), ev.Payload...)
	e.Data = dataOf(p)
	e.Data.Opcode, e.Data.First, e.Data.Last, e.Data.Compressed = ev.Opcode.String(), ev.First, ev.Last, ev.Rsv1
	if ev.First {
		s.marked, s.tail = nil, nil
	}
	s.inText = ev.Opcode == ws.Text && !ev.Rsv1 && !ev.Last
	if ev.Rsv1 {
		s.marked = append(s.marked, p...)
		return
	}
	s.tail = append(s.tail, p...)
	s.tail = s.tail[max(0, len(s.tail)-3):]
}

// state returns the state of a text that isn't complete.
func (s *socket) state() *Text {
	if !s.inText {
		return nil
	}
	missing, begun := lacks(s.tail)
	return &Text{Missing: missing, Begun: hex.EncodeToString(begun)}
}

// lacks returns how many bytes of the last character are missing, and those that are there. p is the
// end of a text that a ws.UTF8 has accepted.
func lacks(p []byte) (missing int, begun []byte) {
	for n := 1; n <= min(3, len(p)); n++ {
		b := p[len(p)-n]
		if b < 0x80 {
			return 0, nil
		}
		if b >= 0xC0 { // the first byte of a character has as many leading ones as the character has bytes
			size := bits.LeadingZeros8(^b)
			if size <= n {
				return 0, nil
			}
			return size - n, p[len(p)-n:]
		}
	}
	return 0, nil
}

// mostInflated is the limit for a message that the core doesn't limit.
const mostInflated = 16 << 20

// inflate inflates the compressed message that is complete now.
func (i *inspector) inflate(text bool) *Event {
	s := i.socket
	var z ws.Inflater
	var w *ws.Window
	if s.takeover {
		w = &s.window
	}
	limit := s.reader.Limit()
	if limit == 0 {
		limit = mostInflated
	}
	plain, err := z.Append(nil, w, text, limit, s.marked)
	if err != nil {
		e := i.report("permessage-deflate", "Failed", i.at)
		e.Rule = frameRule(err)
		i.wrong(e.Rule, i.at-1)
		i.mode = over
		return e
	}
	e := i.report("permessage-deflate", "Inflated", i.at)
	e.Data = dataOf(plain)
	e.Note = fmt.Sprintf("%s of deflate data are %s of the message.", count(len(s.marked)), count(len(plain)))
	s.marked = nil
	return e
}

// frameFailedAt returns the offset of the first byte at which the frames fail: as failedAt does, it
// reads the same bytes one by one. before is the Reader before the piece.
func (i *inspector) frameFailedAt(before ws.Reader) int {
	e := i.result.Pieces[len(i.result.Pieces)-1].Events
	for at := e[len(e)-1].From; at < i.at; at++ {
		p := []byte{i.data[at]}
		if ev, _ := before.Next(p); ev.Kind == ws.Failed {
			return at
		}
	}
	return i.at - 1
}
