package load

import (
	"bytes"
	"strconv"
)

// responses parses the received bytes as HTTP responses, and returns how many are complete. A
// server sends the same head until its Date changes, so responses first compares each head with
// last, the latest one that it checked.
func (c *conn) responses(pool *pool, last *[]byte, p []byte) (answered int, err error) {
	for len(p) > 0 || c.body {
		if !c.body {
			if c.done+int64(answered) >= c.sent {
				return answered, c.wrong("a response without a request came")
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

// check checks the head of a response.
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
		return c.wrong("the Content-Length is %s, want %d", value, pool.size)
	}
	return nil
}
