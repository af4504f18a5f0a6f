package session

import (
	"errors"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

// Compress says whether messages are compressed (RFC 7692) when the client
// offers it.
type Compress uint8

// With DeflateOn no message refers to an earlier one, in both directions. With DeflateTakeover the
// client may refer to its earlier messages. Then each connection keeps up to 32 KiB of them.
const (
	DeflateOff Compress = iota
	DeflateOn
	DeflateTakeover
)

var compressNames = [...]string{DeflateOff: "off", DeflateOn: "on", DeflateTakeover: "takeover"}

// String returns the value of the flag -compress.
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

// deflateState is the state of a connection whose messages may be compressed.
type deflateState struct {
	agreed  ws.Deflate
	window  ws.Window  // the client's window, with takeover
	pending *inflation // a message that takes more than one turn to inflate; nil: none
}

// inflation is a message that is being inflated, with an Inflater of its own.
type inflation struct {
	inflater    *ws.Inflater
	text        bool
	part        *gather // the compressed message; nil: the Inflater has a copy of it
	copiedBytes int64   // bytes of that copy
	heldBytes   int64   // bytes of memory that are counted, without those of part
}

// compressors has the Inflater and the Deflater that the connections of a loop share. Nearly every
// message is inflated, or compressed, within one call. While a message is inflated, its application
// may send, so an inflating and a compressing call can overlap. But two calls of the same kind
// never do, so one of each is enough, and an idle connection has none. A message that takes longer
// than a turn keeps the Inflater, and the loop makes another one.
type compressors struct {
	inflater *ws.Inflater
	deflater ws.Deflater
	inflated [compressorBufferBytes]byte // the message that was inflated last
	deflated [compressorBufferBytes]byte // the message that was compressed last
}

const (
	// compressorBufferBytes is the largest result, in bytes, that is put into the memory of the
	// loop. A larger result has memory of its own, and is passed on without a copy.
	compressorBufferBytes = 64 << 10
	// deflateMin is the smallest message that is compressed, in bytes. A smaller message would save
	// less than its code table needs, and fits a packet anyway.
	deflateMin = 64
	// deflateMax is the largest message that is compressed, in bytes: other clients
	// wait while the loop compresses it.
	deflateMax = 1 << 20
	// inflaterSize is approximately how many bytes an Inflater takes.
	inflaterSize = 80 << 10
)

func (cfg *Config) lendCompressors() *compressors {
	if cfg.compressors == nil {
		cfg.compressors = &compressors{inflater: new(ws.Inflater)}
	}
	return cfg.compressors
}

// inflate inflates the message m, and passes it to the application. The compressed message is in
// part, or in m if part is nil. If the turn is used up before the end, later turns continue.
func (s *Session) inflate(m *Message, part *gather) {
	z := s.cfg.lendCompressors()
	var w *ws.Window
	if s.deflateState().agreed.Takeover {
		w = &s.deflateState().window
	}
	buffers := [][]byte{m.lent}
	if part != nil {
		buffers = part.chunks
	}
	z.inflater.Begin(z.inflated[:0], w, m.Text, s.frames.Limit(), buffers...)
	done, err := s.inflateFor(z.inflater)
	switch {
	case err != nil:
		s.failWebSocket(err)
	case done:
		s.deliverInflated(z.inflater.End(), m.Text)
	default:
		s.detachInflation(m, part)
		return
	}
	if part != nil {
		s.cfg.releaseGather(part)
	}
}

// inflateFor inflates as much as this turn allows, but at least inflatedAtOnce bytes.
func (s *Session) inflateFor(z *ws.Inflater) (done bool, err *ws.Error) {
	window := s.deflateState().window.Held()
	for {
		in, out, room := z.Read(), len(z.Out()), cap(z.Out())
		done, err = z.Step(inflatedAtOnce)
		more, grown := max(0, len(z.Out())-out), max(0, cap(z.Out())-room) // after an error there is no Out
		s.cfg.spend((z.Read()-in)/bytesUnpacked + more/bytesInflated + grown/bytesGrown)
		if done || err != nil || !s.mayInflate() {
			s.cfg.pool.Hold(s.deflateState().window.Held() - window)
			return done, err
		}
	}
}

// deliverInflated passes an inflated message with payload out to the application. If our Close was
// queued during the inflation, it drops the message.
func (s *Session) deliverInflated(out []byte, text bool) {
	if !s.mayFrame() {
		return
	}
	m := Message{Text: text, First: true, Last: true, lent: out}
	if cap(out) > compressorBufferBytes {
		m.lent, m.own = nil, &gather{pool: &s.cfg.pool, chunks: [][]byte{out}, size: int64(len(out))}
		s.cfg.pool.Hold(int64(cap(out)))
	}
	s.cfg.App.Message((*Conn)(s), m)
	if m.own != nil {
		s.cfg.releaseGather(m.own)
	}
	s.cfg.Stat.Add(stat.MessagesIn, 1)
}

// detachInflation gives the message that is being inflated its own Inflater and its own memory,
// because the loop needs the shared ones before this session gets its next turn.
func (s *Session) detachInflation(m *Message, part *gather) {
	z := s.cfg.compressors
	g := &inflation{inflater: z.inflater, text: m.Text, part: part}
	z.inflater = new(ws.Inflater)
	out, payload := g.inflater.Out(), []byte(nil)
	if cap(out) <= compressorBufferBytes { // it is the loop's memory
		out = append(make([]byte, 0, 2*compressorBufferBytes), out...)
	}
	if part == nil {
		payload = append([]byte(nil), m.lent...)
	}
	g.inflater.Move(out, payload)
	g.copiedBytes = int64(len(payload))
	s.deflateState().pending = g
	g.count(s.cfg)
}

// count counts the memory that an inflation holds, except part, which is counted already.
func (g *inflation) count(cfg *Config) {
	held := inflaterSize + int64(cap(g.inflater.Out())) + g.copiedBytes
	cfg.pool.Hold(held - g.heldBytes)
	g.heldBytes = held
}

// inflateOn continues a message that takes more than one turn to inflate.
func (s *Session) inflateOn() {
	g := s.deflateState().pending
	s.begin()
	done, err := s.inflateFor(g.inflater)
	switch {
	case err != nil:
		s.dropInflating()
		s.failWebSocket(err)
	case done:
		out := g.inflater.End()
		s.dropInflating()
		s.deliverInflated(out, g.text)
	default:
		g.count(s.cfg)
	}
}

func (s *Session) inflating() bool { return s.deflateState() != nil && s.deflateState().pending != nil }

// mayInflate reports whether s may inflate more in this turn.
func (s *Session) mayInflate() bool {
	s.begin()
	return s.cfg.turnLeft > 0 && s.cfg.mayWork() && !s.cfg.Full()
}

// dropInflating drops the message that is being inflated, if there is one.
func (s *Session) dropInflating() {
	g := s.deflateState().pending
	if g == nil {
		return
	}
	s.deflateState().pending = nil
	s.cfg.pool.Hold(-g.heldBytes)
	if g.part != nil {
		s.cfg.releaseGather(g.part)
	}
}

// queueDeflated compresses a message of size bytes and queues it. If it returns false, the caller
// must send the message uncompressed. RFC 7692 6 allows both for each message.
func (s *Session) queueDeflated(text bool, size int64, buffers ...[]byte) bool {
	if s.deflateState() == nil || size < deflateMin || size > deflateMax {
		return false
	}
	z := s.cfg.lendCompressors()
	s.cfg.spend(int(size) / bytesDeflated)
	p, ok := z.deflater.Append(z.deflated[:0], s.deflateState().agreed.HuffmanOnly(), buffers...)
	if !ok {
		return false
	}
	h := ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: opcode(text, true), Length: int64(len(p))}
	if cap(p) > compressorBufferBytes {
		s.out.Commit(ws.AppendHeader(s.out.Room(ws.MaxHeader), h))
		s.cfg.pool.Hold(int64(cap(p)))
		s.out.Adopt(p)
		return true
	}
	s.out.Commit(ws.AppendFrame(s.out.Room(ws.MaxHeader+len(p)), h, p))
	return true
}
