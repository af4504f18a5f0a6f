package processtest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"threeloops/common/ws"
)

// wholeVariable in the environment, set to 1, has all messages of an exchange
// sent, where else a part must do: that takes half an hour.
const wholeVariable = "THREELOOPS_WHOLE"

// exchange is messages that a client sends one by one, each when the one before
// has come back, and then leaves.
type exchange struct {
	title       string
	op          ws.Opcode
	from        []byte // which the messages are cut from, round and round
	size, count int
	fragment    int    // bytes of a message in each of its frames; 0: in one
	chop        int    // bytes in a write; 0: all
	offer       string // of extensions; messages are compressed if there is one
	within      time.Duration
}

// played is how many of the messages are sent.
func (e exchange) played() int {
	most := 256 << 10 // bytes
	switch {
	case os.Getenv(wholeVariable) == "1":
		return e.count
	case testing.Short():
		most = 16 << 10
	}
	return min(e.count, max(2, most/(e.size+1)))
}

func playAll(t *testing.T, rows []exchange, flags ...string) {
	p := Launch(t, flags...)
	begin := time.Now()
	for _, row := range rows {
		start := time.Now()
		if err := row.play(p.Addr); err != nil {
			t.Fatalf("%s: %v", row.title, err) // the next might wait as long
		}
		if d := time.Since(start); d > time.Second {
			t.Logf("%s: %d messages in %.1f s", row.title, row.played(), d.Seconds())
		}
	}
	t.Logf("%d exchanges in %.1f s", len(rows), time.Since(begin).Seconds())
	p.AwaitOpen(1)
}

func (e exchange) play(addr string) error {
	c, err := dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(e.within))
	if e.offer == "" {
		err = c.upgrade()
	} else if err = c.upgrade("Sec-WebSocket-Extensions: " + e.offer); err == nil {
		c.zip, err = newZip(e.offer, c.agreed)
	}
	if err != nil {
		return err
	}
	for i := range e.played() {
		if err := e.once(c, e.message(i)); err != nil {
			return fmt.Errorf("message %d: %w", i+1, err)
		}
	}
	return c.leave()
}

// message is the i-th, and goes on where the one before ended.
func (e exchange) message(i int) []byte {
	p := make([]byte, 0, e.size)
	for at := i * e.size; len(p) < e.size; at = 0 {
		rest := e.from[at%len(e.from):]
		p = append(p, rest[:min(len(rest), e.size-len(p))]...)
	}
	return p
}

// once sends p and receives it.
func (e exchange) once(c *client, p []byte) error {
	h, sent := ws.Header{Opcode: e.op}, p
	if c.zip != nil {
		h.Rsv, sent = ws.Rsv1, c.zip.deflate(p)
	}
	wire := fragments(nil, h, sent, e.fragment)
	for len(wire) > 0 {
		n := len(wire)
		if e.chop > 0 {
			n = min(n, e.chop)
		}
		if _, err := c.Write(wire[:n]); err != nil {
			return err
		}
		wire = wire[n:]
	}
	return c.receives(e.op, p)
}

// fragments appends a client's message to dst: in frames of n bytes, or, if n
// is 0, in one.
func fragments(dst []byte, h ws.Header, p []byte, n int) []byte {
	h.Masked, h.Key = true, [4]byte{7, 1, 9, 200}
	if n == 0 {
		n = len(p)
	}
	for {
		piece := p[:min(n, len(p))]
		p = p[len(piece):]
		h.Fin = len(p) == 0
		dst = ws.AppendFrame(dst, h, piece)
		if h.Fin {
			return dst
		}
		h.Opcode, h.Rsv = ws.Continuation, 0
	}
}
