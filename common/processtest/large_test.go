package processtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

// takesLargeMessages sends what no honest client would, and the largest that
// one may.
func takesLargeMessages(t *testing.T) {
	const limit = 16 << 20 // the default of -max-message
	p := Launch(t)
	p.CheckHealthz()
	before := p.AwaitIdle()
	header := func(n int64) []byte {
		return ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Length: n})
	}
	for _, tt := range []struct {
		title string
		sends []byte
		code  ws.Code
	}{
		{"a byte beyond the limit, announced", header(limit + 1), ws.MessageTooBig},
		{"2^62 bytes, announced", header(1 << 62), ws.MessageTooBig},
		{"fragments beyond the limit", append(
			ws.AppendFrame(nil, ws.Header{Opcode: ws.Binary, Masked: true}, make([]byte, limit)),
			ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, []byte("x"))...),
			ws.MessageTooBig},
		{"text that is not UTF-8", frame(ws.Text, []byte("caf\xe9 au lait")), ws.InvalidPayload},
		{"text cut within a letter", frame(ws.Text, []byte("caf\xc3")), ws.InvalidPayload},
	} {
		t.Run(tt.title, func(t *testing.T) {
			c, err := open(p.Addr)
			must(t, err)
			defer c.Close()
			_, err = c.Write(tt.sends)
			must(t, errors.Join(err, c.closed(tt.code), c.ended()))
		})
	}
	t.Run("16 MiB", func(t *testing.T) {
		c, err := open(p.Addr)
		must(t, err)
		message := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
		must(t, errors.Join(c.echo(message), c.echo([]byte("small")), c.leave()))
	})
	t.Run("16 MiB, compressed", func(t *testing.T) {
		e := exchange{op: ws.Text, from: letters, size: limit, count: 2, offer: defaultOffer, within: time.Minute}
		must(t, e.play(p.Addr))
	})
	p.CheckIdle(before)
}

// refusesLargeBody sends a request whose Content-Length is too large, and a part of the body. If the
// server closed the connection immediately, with a part of the body unread, the client would see a reset
// instead of the response.
func refusesLargeBody(t *testing.T) {
	const announced, sent = 1 << 30, 8 << 20
	p := Launch(t)
	c, err := dial(p.Addr)
	must(t, err)
	defer c.Close()
	_, err = fmt.Fprintf(c, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", announced)
	must(t, err)
	for range sent >> 16 {
		_, err := c.Write(make([]byte, 1<<16))
		must(t, err)
	}
	r, err := c.answer()
	must(t, errors.Join(err, equal("status", r.status, 413), c.ended()))
	c.Close()
	p.AwaitOpen(1)
}

func answersPipelined(t *testing.T) {
	const requests = 500
	p := Launch(t)
	for _, dialer := range []func(string) (*client, error){dial, dialNarrow} {
		c, err := dialer(p.Addr)
		must(t, err)
		defer c.Close()
		var all strings.Builder
		for i := range requests {
			body := strconv.Itoa(i)
			fmt.Fprintf(&all, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s",
				len(body), body)
			all.WriteString("GET /_/echo.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
		written := make(chan error, 1)
		go func() {
			_, err := c.Write([]byte(all.String()))
			written <- errors.Join(err, c.CloseWrite())
		}()
		for i := range requests {
			r, err := c.answer()
			must(t, errors.Join(err, equal("body of a reply", string(r.body), strconv.Itoa(i))))
			_, err = c.answer()
			must(t, err)
		}
		must(t, errors.Join(<-written, c.ended()))
	}
	p.AwaitOpen(1)
}

func listensElsewhere(t *testing.T) {
	t.Run("IPv6", func(t *testing.T) {
		if ln, err := net.Listen("tcp", "[::1]:0"); err != nil {
			t.Skip(err)
		} else {
			ln.Close()
		}
		first, second := Launch(t, "-addr=[::1]:0"), Launch(t, "-addr=[::1]:0")
		for _, p := range []*Process{first, second} {
			must(t, equal("address begins with [::1]:", strings.HasPrefix(p.Addr, "[::1]:"), true))
			p.CheckHealthz()
		}
	})
	t.Run("ports", func(t *testing.T) {
		const ports = 3
		first := freePorts(t, ports)
		p := Launch(t, fmt.Sprintf("-addr=127.0.0.1:%d", first), fmt.Sprintf("-ports=%d", ports))
		for i := range ports {
			p.Addr = fmt.Sprintf("127.0.0.1:%d", first+i)
			p.CheckHealthz()
		}
		must(t, equal("accepted on all ports", p.Stats()["accepted"], ports+1))
	})
}

// freePorts finds n consecutive ports that nobody uses at the moment. It looks
// below those that the kernel gives to clients, of which thousands may be in
// TIME_WAIT.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		first := 10_000 + rand.IntN(20_000)
		free := 0
		for i := range n {
			if ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+i)); err == nil {
				ln.Close()
				free++
			}
		}
		if free == n {
			return first
		}
	}
	t.Fatalf("want %d consecutive free ports, found none", n)
	return 0
}
