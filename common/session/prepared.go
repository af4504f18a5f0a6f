package session

import (
	"threeloops/common/outq"
	"threeloops/common/ws"
)

// Prepared is a WebSocket message for many connections. It is framed and compressed only once for
// all connections that have negotiated the same extension parameters. This is possible because the
// server never refers to its earlier messages (see ws.Deflate), so the compressed form doesn't
// depend on the connection. A Prepared is not safe for concurrent use, and belongs to one loop.
type Prepared struct {
	text    bool
	payload []byte
	frames  [forms]outq.Shared // each is made for the first connection that needs it, and then shared
}

// The forms of a message.
const (
	plainForm = iota
	deflateForm
	huffmanForm // for a client whose window is small
	hixieForm
	forms
)

// Prepare returns a message with payload p. Nobody may write to p again.
func Prepare(text bool, p []byte) *Prepared { return &Prepared{text: text, payload: p} }

// Len is the length of the payload in bytes.
func (m *Prepared) Len() int { return len(m.payload) }

// shareMin is the smallest frame that is shared, in bytes. A reference to a smaller frame would
// take as much memory as a copy, and a further buffer in writev(2).
const shareMin = 256

// SendPrepared queues m as Send does, but it doesn't copy a large message.
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
	switch z := s.deflateState(); {
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

// form makes a frame of m in the given form.
func (m *Prepared) form(s *Session, form int) []byte {
	p, h := m.payload, ws.Header{Fin: true, Opcode: opcode(m.text, true)}
	switch {
	case form == hixieForm:
		return ws.AppendHixie(nil, p, true, true)
	case form != plainForm && len(p) >= deflateMin:
		z := s.cfg.lendCompressors()
		s.cfg.spend(len(p) / bytesDeflated)
		if packed, ok := z.deflater.Append(z.deflated[:0], form == huffmanForm, p); ok {
			p, h.Rsv = packed, ws.Rsv1
		}
	}
	return ws.AppendFrame(make([]byte, 0, ws.MaxHeader+len(p)), h, p)
}
