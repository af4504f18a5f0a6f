package load

import (
	"bytes"

	"threeloops/common/ws"
)

// maxHead is the size of the longest accepted response head, in bytes.
const maxHead = 16 << 10

// headEnd collects a head in c. When the head is complete, it returns the head and the bytes of p
// after it.
func (c *conn) headEnd(p []byte) (head, rest []byte, err error) {
	if len(c.head) == 0 {
		if i := bytes.Index(p, crlf2); i >= 0 {
			return p[:i+4], p[i+4:], nil
		}
	}
	had := len(c.head)
	c.head = append(c.head, p...)
	i := bytes.Index(c.head, crlf2)
	switch {
	case i >= 0:
		head, c.head = c.head[:i+4], nil
		return head, p[i+4-had:], nil
	case len(c.head) > maxHead:
		return nil, nil, c.wrong("a response head of more than %d bytes", maxHead)
	}
	return nil, nil, nil
}

var crlf2 = []byte("\r\n\r\n")

// upgraded reads the answer to the handshake. If ok, the connection is open, and rest is what
// follows the head.
func (c *conn) upgraded(pool *pool, p []byte) (rest []byte, ok bool, err error) {
	head, rest, err := c.headEnd(p)
	if head == nil || err != nil {
		return nil, false, err
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		line, _, _ := bytes.Cut(head, crlf2[:2])
		return nil, false, c.wrong("the handshake failed: %s", line)
	}
	if got := field(head, "sec-websocket-accept"); !bytes.Equal(got, pool.accept) {
		return nil, false, c.wrong("Sec-WebSocket-Accept is %q, want %q", got, pool.accept)
	}
	c.reader.Init(ws.Client, 0)
	return rest, true, nil
}

// field returns the value of a field of a head, or nil.
func field(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, crlf2[:2]) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if ok && len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// frames parses the bytes received on an open WebSocket, and returns how many messages they answer.
// closed reports whether the server's Close frame is among them.
func (c *conn) frames(pool *pool, p []byte) (answered int, closed bool, err error) {
	for {
		ev, n := c.reader.Next(p)
		p = p[n:]
		switch ev.Kind {
		case ws.NeedMore:
			return answered, closed, nil
		case ws.Data:
			j := c.done + int64(answered)
			if j >= c.sent {
				return answered, closed, c.wrong("a message came that is no answer")
			}
			if ev.First && ev.Opcode != pool.opcode {
				return answered, closed, c.wrong("a %v message answers a %v message", ev.Opcode, pool.opcode)
			}
			want := pool.answer(j + int64(c.id))
			if err := c.match(want, ev.Payload); err != nil {
				return answered, closed, err
			}
			if !ev.Last {
				continue
			}
			if c.pos != len(want) {
				return answered, closed, c.wrong("%d of %d bytes came back", c.pos, len(want))
			}
			c.pos = 0
			answered++
		case ws.PingFrame:
			c.pong = ws.AppendFrame(c.pong, ws.Header{Fin: true, Opcode: ws.Pong, Masked: true}, ev.Payload)
		case ws.CloseFrame:
			if c.phase != leaving {
				return answered, closed, c.wrong("the server closed with %d %s", ev.Code, ev.Payload)
			}
			closed = true
		case ws.Failed:
			return answered, closed, c.wrong("the bytes received are not WebSocket frames: %v", ev.Err)
		}
	}
}
