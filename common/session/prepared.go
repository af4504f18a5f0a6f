package session

import (
	"threeloops/common/outq"
	"threeloops/common/ws"
)

// Prepared is a WebSocket message for many connections. It is framed, and
// compressed, once for all those that have agreed on the same: the server never
// refers to its earlier messages (see ws.Deflate), so what a message is
// compressed to doesn't depend on the connection. It is not safe for concurrent
// use, and it belongs to one loop.
type Prepared struct {
	text    bool
	payload []byte
	frames  [forms]outq.Shared // made when the first connection wants them, and then shared
}

// The forms of a message.
const (
	plainForm = iota
	deflateForm
	huffmanForm // for a client whose window is small
	hixieForm
	forms
)

// Prepare returns a message of p, which nobody may write to any more.
func Prepare(text bool, p []byte) *Prepared { return &Prepared{text: text, payload: p} }

// Len is the length of the payload in bytes.
func (m *Prepared) Len() int { return len(m.payload) }

// shareMin is from how many bytes on a frame is referred to. To refer to a
// shorter one takes as much memory as a copy, and another run in the vector.
const shareMin = 256

// SendPrepared queues a message as Send does. A large one is not copied.
func (c *Conn) SendPrepared(m *Prepared) bool {
	s := (*Session)(c)
	if !s.mayFrame() || s.hixie() != nil && !s.mayHixie(m.text, m.payload) {
		return false
	}
	if f := m.frame(s); len(f.Bytes) < shareMin {
		s.out.Append(f.Bytes)
	} else {
		s.out.ShareCounted(f)
	}
	s.sentMessage(true)
	return true
}

// frame returns m in the form that s needs.
func (m *Prepared) frame(s *Session) *outq.Shared {
	form := plainForm
	switch z := s.zip(); {
	case s.hixie() != nil:
		form = hixieForm
	case z == nil:
	case z.agreed.HuffmanOnly():
		form = huffmanForm
	default:
		form = deflateForm
	}
	f := &m.frames[form]
	if f.Bytes == nil {
		f.Bytes = m.form(s, form)
	}
	return f
}

// form makes a frame of m.
func (m *Prepared) form(s *Session, form int) []byte {
	p, h := m.payload, ws.Header{Fin: true, Opcode: opcode(m.text, true)}
	switch {
	case form == hixieForm:
		return ws.AppendHixie(nil, p, true, true)
	case form != plainForm && len(p) >= deflateMin:
		z := s.cfg.pressing()
		s.cfg.spend(len(p) / bytesDeflated)
		if packed, ok := z.deflater.Append(z.packed[:0], form == huffmanForm, p); ok {
			p, h.Rsv = packed, ws.Rsv1
		}
	}
	return ws.AppendFrame(make([]byte, 0, ws.MaxHeader+len(p)), h, p)
}
