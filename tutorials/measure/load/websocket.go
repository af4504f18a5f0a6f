package load

import (
	"bytes"

	"threeloops/common/ws"
)

// maxHead is the longest response head that is read, in bytes.
const maxHead = 16 << 10

// headEnd collects a head in c and returns it when it is whole, with what follows it in p.
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

// upgraded reads the answer to the handshake. ok: the connection is open, and rest follows the head.
func (c *conn) upgraded(pool *pool, p []byte) (rest []byte, ok bool, err error) {
	head, rest, err := c.headEnd(p)
	if head == nil || err != nil {
		return nil, false, err
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		line, _, _ := bytes.Cut(head, crlf2[:2])
		return nil, false, c.wrong("no WebSocket: %s", line)
	}
	if got := field(head, "sec-websocket-accept"); !bytes.Equal(got, pool.accept) {
		return nil, false, c.wrong("Sec-WebSocket-Accept is %q, and not %q", got, pool.accept)
	}
	c.reader.Init(ws.Client, 0)
	return rest, true, nil
}

// field returns the value of a field of a head; nil if there is none.
func field(head []byte, name string) []byte {
	for line := range bytes.SplitSeq(head, crlf2[:2]) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if ok && len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// frames takes what came on an open WebSocket and returns how many messages have been answered by it.
// closed: the server's Close frame has come.
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
				return answered, closed, c.wrong("a message came that nothing asked for")
			}
			if ev.First && ev.Opcode != pool.opcode {
				return answered, closed, c.wrong("a %v message came for a %v one", ev.Opcode, pool.opcode)
			}
			want := pool.answer(j + int64(c.id))
			if err := c.match(want, ev.Payload); err != nil {
				return answered, closed, err
			}
			if !ev.Last {
				continue
			}
			if c.pos != len(want) {
				return answered, closed, c.wrong("%d bytes came back of %d", c.pos, len(want))
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
			return answered, closed, c.wrong("not WebSocket: %v", ev.Err)
		}
	}
}
