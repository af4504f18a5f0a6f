package session

import (
	"errors"

	"threeloops/common/ws"
)

// Compress says whether messages are compressed (RFC 7692) when the client
// offers it.
type Compress uint8

// With DeflateOn each message is compressed on its own, in both directions. With
// DeflateTakeover the client may refer to its earlier messages, for which up to
// 32 KiB are kept with each connection.
const (
	DeflateOff Compress = iota
	DeflateOn
	DeflateTakeover
)

var compressNames = [...]string{DeflateOff: "off", DeflateOn: "on", DeflateTakeover: "takeover"}

// String returns the name that the command line has for it.
func (c Compress) String() string { return compressNames[c] }

// MarshalText implements encoding.TextMarshaler.
func (c Compress) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Compress) UnmarshalText(text []byte) error {
	for i, name := range compressNames {
		if name == string(text) {
			*c = Compress(i)
			return nil
		}
	}
	return errors.New("must be on, off or takeover")
}

// zip is what a connection has on which messages may be compressed.
type zip struct {
	agreed ws.Deflate
	window ws.Window // of the client, with takeover
}

// press is what the connections of a loop compress with. A message is inflated,
// or compressed, within one call, and no two calls overlap but one of each: so
// this is a pool of one, and an idle connection never holds any of it.
type press struct {
	inflater ws.Inflater
	deflater ws.Deflater
	plain    [pressed]byte // the message that was inflated last
	packed   [pressed]byte // the one compressed last
}

const (
	// pressed is the largest result that lies in the loop's own memory. A larger
	// one has its own, and is handed on without a copy.
	pressed = 64 << 10
	// deflateMin is from how many bytes on a message is compressed. A shorter one
	// saves less than the table that its code needs, and fits a packet anyway.
	deflateMin = 64
)

func (cfg *Config) pressing() *press {
	if cfg.press == nil {
		cfg.press = new(press)
	}
	return cfg.press
}

// inflate puts the inflated message in the place of the one that came.
func (s *Session) inflate(m *Message) *ws.Error {
	z := s.cfg.pressing()
	var w *ws.Window
	if s.zip().agreed.Takeover {
		w = &s.zip().window
	}
	runs := [][]byte{m.lent}
	if m.own != nil {
		runs = m.own.chunks
	}
	p, err := z.inflater.Append(z.plain[:0], w, m.Text, s.frames.Limit(), runs...)
	if err != nil {
		return err
	}
	m.lent, m.own = p, nil
	if cap(p) > pressed {
		m.lent, m.own = nil, &gather{chunks: [][]byte{p}, size: int64(len(p))}
	}
	return nil
}

// deflated queues a message of size bytes compressed, or reports false if it is
// to be sent as it is: a message alone decides that (RFC 7692 6).
func (s *Session) deflated(text bool, size int64, runs ...[]byte) bool {
	if s.zip() == nil || size < deflateMin {
		return false
	}
	z := s.cfg.pressing()
	p, ok := z.deflater.Append(z.packed[:0], s.zip().agreed.HuffmanOnly(), runs...)
	if !ok {
		return false
	}
	h := ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: opcode(text, true), Length: int64(len(p))}
	if cap(p) > pressed {
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		s.out.Share(p)
		return true
	}
	s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	return true
}
