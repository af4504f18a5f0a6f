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

// Window is the end of what a peer has sent so far, inflated: what its next message may refer to. It
// is all that a connection with context takeover keeps between messages, at most 32 KiB. Its zero
// value is that nothing has been sent.
type Window struct{ p []byte }

// Held is the memory that w occupies, in bytes.
func (w *Window) Held() int64 { return int64(cap(w.p)) }

// slide appends p, which has been sent, to the window.
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

// Inflater inflates messages, one after the other. It is not bound to a connection: nothing of a message
// remains in it. Its zero value is ready, and makes what it needs, about 80 KiB, with the first message.
// A message is inflated whole by Append, or by Begin and as many calls of Step as it takes. An Inflater
// must not be copied.
type Inflater struct {
	flate io.ReadCloser // a flate.Resetter too
	in    source
	own   Window // of the message under way, where none is kept between messages

	// Of the message under way.
	window  *Window
	nothing bool // its payload is empty
	text    bool
	check   UTF8
	limit   int64 // of size; 0: none
	size    int64 // bytes inflated so far
	final   int   // final blocks so far
	out     []byte
}

// deflateEnd is what RFC 7692 7.2.2 has the receiver append to a message, and a final empty block, so
// that the decompressor sees where it ends.
var deflateEnd = []byte("\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff")

const (
	// maxFinal is how many blocks of one message may be final. A final block ends flate's stream, and to
	// begin a new one takes microseconds, although it takes the sender two bytes. Senders whose
	// library can't flush otherwise need one in a message (RFC 7692 7.2.3.4).
	maxFinal = 256
	// maxBarren is how many bytes of deflate data may bring no 32 KiB of output, after which package
	// flate returns. No compressor needs an eighth of that. Data that consists of tables of codes does,
	// and each table of 12 bytes takes a microsecond to read.
	maxBarren = 256 << 10
)

// Append inflates a message, whose payload came in runs, appends it to dst, and returns the extended
// slice. Text is checked. limit is the most bytes that may be appended; 0 is no limit. w is the
// connection's window, or nil if messages don't refer to earlier ones. After an error the connection
// can't go on: dst is then what it was.
//
// An empty payload is the empty message. RFC 7692 7.2.3.6 has it sent as one byte, but
// zlib, asked to flush when it has just flushed, gives none, and there are clients that send just that.
func (z *Inflater) Append(dst []byte, w *Window, text bool, limit int64, runs ...[]byte) ([]byte, *Error) {
	z.Begin(dst, w, text, limit, runs...)
	for {
		if done, err := z.Step(math.MaxInt); err != nil {
			return dst, err
		} else if done {
			return z.End(), nil
		}
	}
}

// Begin begins to inflate a message, with the arguments of Append. Until Step reports the end or an
// error, the caller must not use runs, w or dst's free capacity.
func (z *Inflater) Begin(dst []byte, w *Window, text bool, limit int64, runs ...[]byte) {
	if w == nil {
		w = &z.own
	}
	z.window, z.text, z.limit, z.out = w, text, limit, dst
	z.check, z.size, z.final = UTF8{}, 0, 0
	z.in.runs, z.in.read = append(z.in.runs[:0], runs...), 0
	if z.nothing = z.in.empty(); z.nothing {
		return
	}
	z.in.runs = append(z.in.runs, deflateEnd)
	z.in.at, z.in.off = 0, 0
	z.reset(w)
}

// Step goes on until the message is whole, which it reports, or until n bytes more are inflated.
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

// Read is how many bytes of the message's payload have been read so far, or had been
// when an error came.
func (z *Inflater) Read() int { return z.in.read }

// Out is dst followed by what has been inflated so far. It belongs to the Inflater.
func (z *Inflater) Out() []byte { return z.out }

// Move makes the Inflater go on in dst, to which the caller has copied Out. payload, unless it is nil, is
// a copy of the one run that Begin was given, and is read instead of it.
func (z *Inflater) Move(dst, payload []byte) {
	z.out = dst
	if payload != nil {
		z.in.runs[0] = payload
	}
}

// End returns the extended slice when Step has reported that the message is whole, and forgets the message.
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

// read reads once from flate, and reports whether the message is whole.
func (z *Inflater) read() (done bool, _ *Error) {
	most := math.MaxInt
	if z.limit > 0 {
		most = int(z.limit-z.size) + 1 // one more shows that there is more
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

// grow makes room for n bytes and, where it allocates, for as many as there are, but for no more than most.
func grow(p []byte, n, most int) []byte {
	if cap(p)-len(p) >= n {
		return p
	}
	return slices.Grow(p, min(max(n, len(p), 512), most))
}

// reset begins a stream of flate's, and with it forgets the error of the one before.
func (z *Inflater) reset(w *Window) {
	if z.flate == nil {
		z.flate = flate.NewReader(&z.in)
	}
	z.flate.(flate.Resetter).Reset(&z.in, w.p) // its error is always nil
}

// source reads the buffers of a payload. Because it is an io.ByteReader, flate reads no byte after a final block.
type source struct {
	runs   [][]byte
	at     int // the run, or len(runs)
	off    int // in it
	read   int // bytes, of all runs
	barren int // bytes read since flate has given something
}

func (s *source) empty() bool {
	for s.at < len(s.runs) && s.off == len(s.runs[s.at]) {
		s.at, s.off = s.at+1, 0
	}
	return s.at == len(s.runs)
}

func (s *source) forget() {
	clear(s.runs)
	*s = source{runs: s.runs[:0], read: s.read}
}

// ReadByte implements io.ByteReader.
func (s *source) ReadByte() (byte, error) {
	if s.empty() {
		return 0, io.EOF
	}
	if s.barren++; s.barren > maxBarren {
		return 0, errBarren
	}
	b := s.runs[s.at][s.off]
	s.off, s.read = s.off+1, s.read+1
	return b, nil
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.empty() {
		return 0, io.EOF
	}
	n := copy(p, s.runs[s.at][s.off:])
	s.off, s.read, s.barren = s.off+n, s.read+n, s.barren+n
	return n, nil
}

// errBarren stops flate. Its caller gets ErrDeflate.
var errBarren = errors.New("ws: deflate data without output")

// Deflater compresses messages, one after the other. It is not bound to a connection: no message refers
// to another. Its zero value is ready, and makes what it needs, about a megabyte, with the first message.
//
// The level is the fastest. It is the one whose writer begins a new message by adding to a number;
// the others clear tables of 640 KiB each time.
type Deflater struct {
	fast, huffman *flate.Writer
	out           sink
}

// Append compresses a message, given in runs, appends the payload to send, and returns the extended
// slice. The first frame of the message has to have RSV1 set. huffman is Deflate.HuffmanOnly.
//
// ok is false if the message would not become smaller; then dst is what it was. To send it as it is
// is always allowed (RFC 7692 6).
func (z *Deflater) Append(dst []byte, huffman bool, runs ...[]byte) (out []byte, ok bool) {
	size := 0
	for _, run := range runs {
		size += len(run)
	}
	z.out = sink{p: dst, most: len(dst) + size + len(flushed) - 1}
	w := z.writer(huffman)
	for _, run := range runs {
		w.Write(run) // fails only where Flush does
	}
	err := w.Flush()
	out, z.out = z.out.p, sink{}
	if err != nil {
		return dst, false
	}
	// RFC 7692 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end."
	return out[:len(out)-len(flushed)], true
}

// flushed is what a flush ends with: the empty block without compression, but for its first bits.
const flushed = "\x00\x00\xff\xff"

// writer returns a writer at the beginning of a message.
func (z *Deflater) writer(huffman bool) *flate.Writer {
	which, level := &z.fast, flate.BestSpeed
	if huffman {
		which, level = &z.huffman, flate.HuffmanOnly
	}
	if *which == nil {
		*which, _ = flate.NewWriter(&z.out, level) // fails for unknown levels only
	}
	(*which).Reset(&z.out)
	return *which
}

// sink collects up to most bytes. More are an error, which stops the writer.
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
