package inspect

import (
	"encoding/binary"

	"threeloops/common/ws"
)

// cutter divides a stream into frames. It takes what a Reader would refuse too, as far as the header
// says what follows, so that a broken header can be seen bit by bit.
type cutter struct {
	frames []Frame
	raw    []byte // of the frame that has begun: its header as far as it has arrived
	plain  []byte // of the same frame: the beginning of its payload, unmasked
	mask   int64  // of the same frame: bytes of the payload that have arrived
	over   bool   // no further frame begins
	at     int    // offset of the next byte of the stream
}

// add takes the next bytes of the stream, which begin at offset at.
func (c *cutter) add(p []byte, at int) {
	defer func() { c.at = at }()
	for len(p) > 0 {
		if len(c.frames) == 0 || c.frames[len(c.frames)-1].Whole {
			if c.over {
				at += len(p)
				return
			}
			c.frames = append(c.frames, Frame{From: at, Payload: at, To: at})
			c.raw, c.plain, c.mask = nil, nil, 0
		}
		n := c.frames[len(c.frames)-1].add(c, p)
		p, at = p[n:], at+n
	}
}

// stop makes the frame that has the byte at offset last the last one: the Reader discards the rest.
func (c *cutter) stop(last int) {
	c.over = true
	for n := len(c.frames); n > 0 && c.frames[n-1].From > last; n-- {
		c.frames = c.frames[:n-1]
	}
}

// add takes the bytes of p that belong to this frame, and returns their number.
func (f *Frame) add(c *cutter, p []byte) (n int) {
	for n < len(p) && headerSize(c.raw) > len(c.raw) {
		c.raw = append(c.raw, p[n])
		n++
	}
	f.Payload = f.From + len(c.raw)
	f.header(c.raw)
	f.To += n
	if f.Lacks = int64(headerSize(c.raw) - len(c.raw)); f.Lacks > 0 {
		return n
	}
	rest := *f.Length - int64(f.To-f.Payload)
	piece := append([]byte(nil), p[n:n+int(min(rest, int64(len(p)-n)))]...)
	f.payload(c, piece)
	n += len(piece)
	f.To += len(piece)
	f.Lacks = rest - int64(len(piece))
	f.Whole = f.Lacks == 0
	return n
}

// headerSize returns the size of the header that begins with raw, as far as raw says it: the first
// two bytes say the rest.
func headerSize(raw []byte) int {
	if len(raw) < 2 {
		return 2
	}
	n := 2
	switch raw[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if raw[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// header reads the header as far as it has arrived.
func (f *Frame) header(raw []byte) {
	b := raw[0]
	op := ws.Opcode(b & 0x0f)
	f.First = &First{b&0x80 != 0, b&0x40 != 0, b&0x20 != 0, b&0x10 != 0, int(op), opcodeName(op)}
	if len(raw) < 2 {
		return
	}
	seven := int(raw[1] & 0x7f)
	f.Second = &Second{Mask: raw[1]&0x80 != 0, Length: seven}
	length, end := int64(seven), 2
	switch f.Second.Form = "7 bits"; seven {
	case 126:
		f.Second.Form, end = "16 bits after them", 4
	case 127:
		f.Second.Form, end = "64 bits after them", 10
	}
	if len(raw) < end {
		return
	}
	switch end {
	case 4:
		length = int64(binary.BigEndian.Uint16(raw[2:]))
	case 10:
		length = int64(binary.BigEndian.Uint64(raw[2:]) &^ (1 << 63)) // the Reader refuses the top bit
	}
	f.Length = &length
	if f.Second.Mask && len(raw) == end+4 {
		f.Key = hexOf(raw[end:])
	}
}

// payload takes a piece of the payload.
func (f *Frame) payload(c *cutter, piece []byte) {
	room := max(0, mostShown-int(min(c.mask, mostShown)))
	masked := piece[:min(len(piece), room)]
	plain := append([]byte(nil), masked...)
	if f.Second.Mask {
		ws.Mask([4]byte(c.raw[len(c.raw)-4:]), c.mask, plain)
	}
	c.mask += int64(len(piece))
	c.plain = append(c.plain, plain...)
	f.Masked, f.Unmasked = joinHex(f.Masked, masked), joinHex(f.Unmasked, plain)
	if len(plain) > 0 {
		f.Text = readable(c.plain)
	}
	if f.First.Opcode == int(ws.Close) && c.mask == *f.Length && len(c.plain) >= 2 {
		f.Close = codeOf(ws.Code(binary.BigEndian.Uint16(c.plain)))
	}
}

// joinHex appends bytes to a text of hexOf.
func joinHex(text string, p []byte) string {
	if text != "" && len(p) > 0 {
		text += " "
	}
	return text + hexOf(p)
}
