package load

import (
	"bytes"
	"strconv"
)

// responses takes what came of HTTP responses and returns how many are whole. Servers send the same
// head until their Date changes, so last, the latest head that was looked into, is compared first.
func (c *conn) responses(pool *pool, last *[]byte, p []byte) (answered int, err error) {
	for len(p) > 0 || c.body {
		if !c.body {
			if c.done+int64(answered) >= c.sent {
				return answered, c.wrong("a response came that nothing asked for")
			}
			switch {
			case len(c.head) == 0 && len(*last) > 0 && bytes.HasPrefix(p, *last):
				p = p[len(*last):]
			default:
				head, rest, err := c.headEnd(p)
				if head == nil || err != nil {
					return answered, err
				}
				if err := c.check(pool, head); err != nil {
					return answered, err
				}
				*last = append((*last)[:0], head...)
				p = rest
			}
			c.body = true
		}
		piece := p[:min(len(p), pool.size-c.pos)]
		if err := c.match(pool.payloads, piece); err != nil {
			return answered, err
		}
		p = p[len(piece):]
		if c.pos < pool.size {
			return answered, nil
		}
		c.body, c.pos = false, 0
		answered++
	}
	return answered, nil
}

// check looks at a response's head.
func (c *conn) check(pool *pool, head []byte) error {
	line, _, _ := bytes.Cut(head, crlf2[:2])
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return c.wrong("the response is %s", line)
	}
	value := field(head, "content-length")
	if value == nil {
		return c.wrong("the response has no Content-Length")
	}
	if n, err := strconv.Atoi(string(value)); err != nil || n != pool.size {
		return c.wrong("a body of %s bytes is announced, and it should have %d", value, pool.size)
	}
	return nil
}
