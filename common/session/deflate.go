package session

import (
	"errors"

	"threeloops/common/stat"
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
	window ws.Window  // of the client, with takeover
	going  *inflation // of a message that takes more than a turn; nil: of none
}

// inflation is a message that is being inflated, with an Inflater of its own.
type inflation struct {
	inflater *ws.Inflater
	text     bool
	part     *gather // the message as it came; nil: a copy of it is the Inflater's
	copied   int64   // bytes of that copy
	held     int64   // bytes of memory that are counted, those of part apart
}

// press is what the connections of a loop compress with. Nearly every message is
// inflated, or compressed, within one call. An inflating and a compressing call can
// overlap, but never two of the same kind: so one of each is enough, and an idle
// connection never holds any of it. A
// message that takes longer than a turn takes the inflater with it.
type press struct {
	inflater *ws.Inflater
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
	// deflateMax is the largest message that is compressed, in bytes: other clients
	// wait while it is.
	deflateMax = 1 << 20
	// inflaterSize is about how many bytes an Inflater takes.
	inflaterSize = 80 << 10
)

func (cfg *Config) pressing() *press {
	if cfg.press == nil {
		cfg.press = &press{inflater: new(ws.Inflater)}
	}
	return cfg.press
}

// inflate inflates the message m, which came in part unless that is nil, and hands
// it to the application. What doesn't fit this turn is done in others.
func (s *Session) inflate(m *Message, part *gather) {
	z := s.cfg.pressing()
	var w *ws.Window
	if s.zip().agreed.Takeover {
		w = &s.zip().window
	}
	runs := [][]byte{m.lent}
	if part != nil {
		runs = part.chunks
	}
	z.inflater.Begin(z.plain[:0], w, m.Text, s.frames.Limit(), runs...)
	done, err := s.inflateFor(z.inflater)
	switch {
	case err != nil:
		s.violated(err)
	case done:
		s.inflated(z.inflater.End(), m.Text)
	default:
		s.detach(m, part)
		return
	}
	if part != nil {
		s.cfg.done(part)
	}
}

// inflateFor inflates as much as this turn allows, and at least a piece.
func (s *Session) inflateFor(z *ws.Inflater) (done bool, err *ws.Error) {
	window := s.zip().window.Held()
	for {
		in, out, room := z.Read(), len(z.Out()), cap(z.Out())
		done, err = z.Step(inflatedAtOnce)
		more, grown := max(0, len(z.Out())-out), max(0, cap(z.Out())-room) // an error leaves no Out
		s.cfg.spend((z.Read()-in)/bytesUnpacked + more/bytesInflated + grown/bytesGrown)
		if done || err != nil || !s.mayInflate() {
			s.cfg.pool.Hold(s.zip().window.Held() - window)
			return done, err
		}
	}
}

// inflated hands a message to the application. Out is its payload. Our Close may
// have been queued while it was inflated; then nothing more is taken in.
func (s *Session) inflated(out []byte, text bool) {
	if !s.mayFrame() {
		return
	}
	m := Message{Text: text, First: true, Last: true, lent: out}
	if cap(out) > pressed {
		m.lent, m.own = nil, &gather{pool: &s.cfg.pool, chunks: [][]byte{out}, size: int64(len(out))}
		s.cfg.pool.Hold(int64(cap(out)))
	}
	s.cfg.App.Message((*Conn)(s), m)
	if m.own != nil {
		s.cfg.done(m.own)
	}
	s.cfg.Stat.Add(stat.MessagesIn, 1)
}

// detach gives the message that is being inflated an Inflater and memory of its own.
func (s *Session) detach(m *Message, part *gather) {
	z := s.cfg.press
	g := &inflation{inflater: z.inflater, text: m.Text, part: part}
	z.inflater = new(ws.Inflater)
	out, payload := g.inflater.Out(), []byte(nil)
	if cap(out) <= pressed { // it is the loop's own
		out = append(make([]byte, 0, 2*pressed), out...)
	}
	if part == nil {
		payload = append([]byte(nil), m.lent...)
	}
	g.inflater.Move(out, payload)
	g.copied = int64(len(payload))
	s.zip().going = g
	g.count(s.cfg)
}

// count counts the memory that an inflation holds beside part.
func (g *inflation) count(cfg *Config) {
	held := inflaterSize + int64(cap(g.inflater.Out())) + g.copied
	cfg.pool.Hold(held - g.held)
	g.held = held
}

// inflateOn goes on with a message whose inflation takes more than a turn.
func (s *Session) inflateOn() {
	g := s.zip().going
	s.begin()
	done, err := s.inflateFor(g.inflater)
	switch {
	case err != nil:
		s.dropInflating()
		s.violated(err)
	case done:
		out := g.inflater.End()
		s.dropInflating()
		s.inflated(out, g.text)
	default:
		g.count(s.cfg)
	}
}

func (s *Session) inflating() bool { return s.zip() != nil && s.zip().going != nil }

// mayInflate reports whether s may inflate more in this turn.
func (s *Session) mayInflate() bool {
	s.begin()
	return s.cfg.turn > 0 && s.cfg.mayWork() && !s.cfg.Full()
}

// dropInflating lets go of a message that is being inflated, if there is one.
func (s *Session) dropInflating() {
	g := s.zip().going
	if g == nil {
		return
	}
	s.zip().going = nil
	s.cfg.pool.Hold(-g.held)
	if g.part != nil {
		s.cfg.done(g.part)
	}
}

// deflated queues a message of size bytes compressed, or reports false if it is
// to be sent as it is: a message alone decides that (RFC 7692 6).
func (s *Session) deflated(text bool, size int64, runs ...[]byte) bool {
	if s.zip() == nil || size < deflateMin || size > deflateMax {
		return false
	}
	z := s.cfg.pressing()
	s.cfg.spend(int(size) / bytesDeflated)
	p, ok := z.deflater.Append(z.packed[:0], s.zip().agreed.HuffmanOnly(), runs...)
	if !ok {
		return false
	}
	h := ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: opcode(text, true), Length: int64(len(p))}
	if cap(p) > pressed {
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		s.cfg.pool.Hold(int64(cap(p)))
		s.out.Adopt(p)
		return true
	}
	s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	return true
}
