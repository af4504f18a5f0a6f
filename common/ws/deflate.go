package ws

import (
	"compress/flate"
	"errors"
	"io"
	"math"
	"slices"
)

// windowSize is how far back deflate data may refer (RFC 1951 2): 32 KiB.
const windowSize = 1 << maxWindowBits

// Window is the end of all data that a peer has sent so far, inflated. The peer's next message may
// refer to it. It is all that a connection with context takeover keeps between two messages, at
// most 32 KiB. The zero value is the window of a peer that has sent nothing.
type Window struct{ p []byte }

// Held is the number of bytes of memory that w has.
func (w *Window) Held() int64 { return int64(cap(w.p)) }

// slide appends p to the window, and drops the bytes that are then further back than 32 KiB.
func (w *Window) slide(p []byte) {
	p = p[max(0, len(p)-windowSize):]
	keep := min(len(w.p), windowSize-len(p))
	if cap(w.p) < windowSize && keep+len(p) > cap(w.p) {
		grown := make([]byte, len(w.p), min(windowSize, max(1024, 2*(len(w.p)+len(p)))))
		copy(grown, w.p)
		w.p = grown
	}
	n := copy(w.p, w.p[len(w.p)-keep:])
	w.p = append(w.p[:n], p...)
}

// Inflater inflates messages, one after the other. It keeps nothing of a message that is done, so
// it can serve many connections. Its zero value is ready for use, and allocates about 80 KiB for
// its first message. Append inflates a message in one call. Begin, several calls of Step, and End
// do it in parts. An Inflater must not be copied.
type Inflater struct {
	flate io.ReadCloser // a flate.Resetter too
	in    source
	own   Window // used for a message of a connection that keeps no window

	// Of the current message.
	window  *Window
	nothing bool // its payload is empty
	text    bool
	check   UTF8
	limit   int64 // of size; 0: none
	size    int64 // inflated bytes so far
	final   int   // final blocks so far
	out     []byte
}

// deflateEnd is appended to each message before it is inflated: the four bytes of RFC 7692 7.2.2,
// which the sender removes, and a final empty block, which tells package flate that the message
// ends.
var deflateEnd = []byte("\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff")

const (
	// maxFinal is the most final blocks that one message may have. A final block ends flate's
	// stream. The sender needs two bytes for one, but the next stream takes us microseconds to
	// begin. A sender whose library has no other flush needs one final block for each message (RFC
	// 7692 7.2.3.4).
	maxFinal = 256
	// maxBarren is the most bytes of deflate data that package flate may read before it returns,
	// which it does after 32 KiB of output. No compressor needs an eighth of that number. Only data
	// that consists of code tables does. A table has 12 bytes and takes a microsecond to read, so
	// such data would keep flate from returning.
	maxBarren = 256 << 10
)

// Append inflates a message, whose payload is in buffers, appends it to dst, and returns
// the extended slice. If text is true, the message must be UTF-8. limit is the most bytes that
// Append may append; 0 is no limit. w is the connection's window, or nil if messages don't refer to
// earlier ones. After an error dst is unchanged, and the connection must be closed.
//
// An empty payload is an empty message. RFC 7692 7.2.3.6 uses one byte for an empty message. But
// zlib returns no byte if it is asked to flush twice in a row, and some clients send that.
func (z *Inflater) Append(dst []byte, w *Window, text bool, limit int64, buffers ...[]byte) ([]byte, *Error) {
	z.Begin(dst, w, text, limit, buffers...)
	for {
		if done, err := z.Step(math.MaxInt); err != nil {
			return dst, err
		} else if done {
			return z.End(), nil
		}
	}
}

// Begin begins to inflate a message. It has the arguments of Append. Until Step reports the end or
// an error, buffers, w and dst's free capacity belong to the Inflater.
func (z *Inflater) Begin(dst []byte, w *Window, text bool, limit int64, buffers ...[]byte) {
	if w == nil {
		w = &z.own
	}
	z.window, z.text, z.limit, z.out = w, text, limit, dst
	z.check, z.size, z.final = UTF8{}, 0, 0
	z.in.buffers, z.in.read = append(z.in.buffers[:0], buffers...), 0
	if z.nothing = z.in.empty(); z.nothing {
		return
	}
	z.in.buffers = append(z.in.buffers, deflateEnd)
	z.in.at, z.in.off = 0, 0
	z.reset(w)
}

// Step inflates at least n further bytes, or the rest of the message. done reports that the message
// is complete.
func (z *Inflater) Step(n int) (done bool, err *Error) {
	done = z.nothing
	for before := z.size; !done && z.size-before < int64(n); {
		if done, err = z.read(); err != nil {
			z.forget()
			return false, err
		}
	}
	return done, nil
}

// Read is the number of bytes of the message's payload that have been read so far, or until an
// error.
func (z *Inflater) Read() int { return z.in.read }

// Out is dst with the bytes that have been inflated so far. It belongs to the Inflater.
func (z *Inflater) Out() []byte { return z.out }

// Move makes the Inflater continue in dst, to which the caller has copied Out. If payload isn't
// nil, it is a copy of the only buffer that Begin was given, and the Inflater reads it instead.
func (z *Inflater) Move(dst, payload []byte) {
	z.out = dst
	if payload != nil {
		z.in.buffers[0] = payload
	}
}

// End returns dst with the whole message, and drops the Inflater's references. The caller calls it
// when Step has reported the end of the message.
func (z *Inflater) End() []byte {
	out := z.out
	z.forget()
	return out
}

func (z *Inflater) forget() {
	z.in.forget()
	z.own.p = z.own.p[:0]
	z.window, z.out = nil, nil
}

// read reads once from package flate, and reports whether the message is complete.
func (z *Inflater) read() (done bool, _ *Error) {
	most := math.MaxInt
	if z.limit > 0 {
		most = int(z.limit-z.size) + 1 // the additional byte shows that the message is too big
	}
	z.out = grow(z.out, 1, most)
	room := z.out[len(z.out):cap(z.out)]
	n, err := z.flate.Read(room[:min(len(room), most)])
	room, z.out, z.size = room[:n], z.out[:len(z.out)+n], z.size+int64(n)
	z.window.slide(room)
	if n > 0 {
		z.in.barren = 0
	}
	switch {
	case z.limit > 0 && z.size > z.limit:
		return false, ErrMessageTooBig
	case z.text && !z.check.Valid(room):
		return false, ErrInvalidPayload
	case err == nil:
		return false, nil
	case err != io.EOF:
		return false, ErrDeflate
	}
	if z.in.empty() {
		if z.text && !z.check.Complete() {
			return false, ErrInvalidPayload
		}
		return true, nil
	}
	if z.final++; z.final > maxFinal {
		return false, ErrDeflateFinal
	}
	z.reset(z.window)
	return false, nil
}

// grow returns p with free capacity for at least n bytes. If it allocates, it doubles p's length,
// but adds at most most bytes.
func grow(p []byte, n, most int) []byte {
	if cap(p)-len(p) >= n {
		return p
	}
	return slices.Grow(p, min(max(n, len(p), 512), most))
}

// reset begins a new stream of package flate, which also clears the error of the previous stream.
func (z *Inflater) reset(w *Window) {
	if z.flate == nil {
		z.flate = flate.NewReader(&z.in)
	}
	z.flate.(flate.Resetter).Reset(&z.in, w.p) // its error is always nil
}

// source reads the buffers of a payload. It is an io.ByteReader, so that flate reads no byte after
// a final block.
type source struct {
	buffers [][]byte
	at      int // index of the buffer that is read next; len(buffers) at the end
	off     int // offset in that buffer
	read    int // bytes read from all buffers
	barren  int // bytes read since flate last returned output
}

func (s *source) empty() bool {
	for s.at < len(s.buffers) && s.off == len(s.buffers[s.at]) {
		s.at, s.off = s.at+1, 0
	}
	return s.at == len(s.buffers)
}

func (s *source) forget() {
	clear(s.buffers)
	*s = source{buffers: s.buffers[:0], read: s.read}
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if s.empty() {
		return 0, io.EOF
	}
	if s.barren++; s.barren > maxBarren {
		return 0, errBarren
	}
	b := s.buffers[s.at][s.off]
	s.off, s.read = s.off+1, s.read+1
	return b, nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.empty() {
		return 0, io.EOF
	}
	n := copy(p, s.buffers[s.at][s.off:])
	s.off, s.read, s.barren = s.off+n, s.read+n, s.barren+n
	return n, nil
}

// errBarren stops package flate. The caller of the Inflater gets ErrDeflate.
var errBarren = errors.New("ws: deflate data without output")

// Deflater compresses messages, one after the other. No message refers to an earlier one, so a
// Deflater can serve many connections. Its zero value is ready for use, and allocates about a
// megabyte for its first message.
//
// The level is the fastest one, because only its writer begins a new message cheaply: it adds to a
// number. The writers of the other levels clear tables of 640 KiB for each message.
type Deflater struct {
	fast, huffman *flate.Writer
	out           sink
}

// Append compresses a message, which is in buffers, appends the result to dst, and returns
// the extended slice. The result is the payload to send, in frames of which the first has RSV1 set.
// huffman is Deflate.HuffmanOnly.
//
// ok is false if the message would not become smaller. Then dst is unchanged. A sender may always
// send a message uncompressed (RFC 7692 6).
func (z *Deflater) Append(dst []byte, huffman bool, buffers ...[]byte) (out []byte, ok bool) {
	size := 0
	for _, p := range buffers {
		size += len(p)
	}
	z.out = sink{p: dst, most: len(dst) + size + len(flushed) - 1}
	w := z.writer(huffman)
	for _, p := range buffers {
		w.Write(p) // if it fails, Flush fails too
	}
	err := w.Flush()
	out, z.out = z.out.p, sink{}
	if err != nil {
		return dst, false
	}
	// RFC 7692 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
	return out[:len(out)-len(flushed)], true
}

// flushed are the last bytes of a flush: an empty block without compression, without its first
// bits.
const flushed = "\x00\x00\xff\xff"

// writer returns a writer that is ready for a new message.
func (z *Deflater) writer(huffman bool) *flate.Writer {
	which, level := &z.fast, flate.BestSpeed
	if huffman {
		which, level = &z.huffman, flate.HuffmanOnly
	}
	if *which == nil {
		*which, _ = flate.NewWriter(&z.out, level) // fails only if the level is unknown
	}
	(*which).Reset(&z.out)
	return *which
}

// sink collects bytes until p would be longer than most. Then its error stops the writer: the
// message would not become smaller.
type sink struct {
	p    []byte
	most int
}

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	if len(s.p)+len(p) > s.most {
		return 0, io.ErrShortBuffer
	}
	s.p = append(grow(s.p, len(p), s.most-len(s.p)), p...)
	return len(p), nil
}
