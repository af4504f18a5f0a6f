package conformance

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"threeloops/common/ws"
)

// fuzzVariable in the environment is for how long to send garbage, such as 60s.
const fuzzVariable = "THREELOOPS_FUZZ"

const handshake = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// honest are streams of bytes that a good client might send. None asks with
// HEAD: whoever reads the replies could not tell what to expect.
var honest = [][]byte{
	[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	[]byte("GET /_/style.css HTTP/1.1\r\nHost: [::1]:80\r\n" +
		"If-None-Match: \"x\", W/\"y\"\r\nAccept: */*\r\n\r\n"),
	[]byte("GET http://localhost/metrics?a=b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
	[]byte("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
	[]byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"),
	[]byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n" +
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	bytes.Join([][]byte{[]byte(handshake),
		frame(ws.Text, []byte("h\u00e9llo w\u00f6rld")), frame(ws.Ping, []byte("?")),
		frame(ws.Binary, make([]byte, 300)), frame(ws.Close, ws.AppendClose(nil, 1000, "bye"))}, nil),
	bytes.Join([][]byte{[]byte(strings.Replace(handshake, "/echo", "/echo?stream", 1)),
		ws.AppendFrame(nil, ws.Header{Opcode: ws.Text, Masked: true}, []byte("frag")),
		frame(ws.Ping, nil),
		ws.AppendFrame(nil, ws.Header{Opcode: ws.Continuation, Masked: true}, []byte("men")),
		frame(ws.Pong, nil),
		ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Continuation, Masked: true}, []byte("ted")),
		frame(ws.Binary, make([]byte, 70000))}, nil),
}

// survivesGarbage sends changed copies of honest streams over many connections.
// Each must be answered with HTTP responses and WebSocket frames that are whole.
func survivesGarbage(t *testing.T) {
	span := 2 * time.Second
	if text := os.Getenv(fuzzVariable); text != "" {
		var err error
		span, err = time.ParseDuration(text)
		must(t, err)
	}
	p := Launch(t)
	p.Healthy()
	before := p.Rest()
	var sent, upgraded atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(span)
	for range 8 {
		seed := rand.Uint64()
		wg.Go(func() {
			for r := rand.New(rand.NewPCG(seed, 0)); time.Now().Before(end) && !t.Failed(); sent.Add(1) {
				garbage := mutate(r)
				sockets, err := sendGarbage(p.Addr, garbage, r)
				if err != nil {
					t.Errorf("seed %d, after %.2000q: %v", seed, garbage, err)
				}
				upgraded.Add(int64(sockets))
			}
		})
	}
	wg.Wait()
	t.Logf("%d streams of garbage sent in %v, %d became WebSockets", sent.Load(), span, upgraded.Load())
	p.Healthy()
	p.AtRest(before)
}

// tokens are what parsers stumble over.
var tokens = []string{"\r\n", "\x00", ":", " ", "\r\n\r\n", "\xff\xff", "0", "18446744073709551616"}

// mutate returns an honest stream, or several, with some damage.
func mutate(r *rand.Rand) []byte {
	b := bytes.Clone(honest[r.IntN(len(honest))])
	if r.IntN(4) == 0 {
		other := honest[r.IntN(len(honest))]
		b = append(b[:r.IntN(len(b)+1)], other[r.IntN(len(other)):]...)
	}
	for range r.IntN(6) {
		if len(b) == 0 {
			break
		}
		i := r.IntN(len(b))
		j := min(len(b), i+1+r.IntN(20))
		switch r.IntN(6) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] ^= 1 << r.IntN(8)
		case 2:
			b = append(b[:i], b[j:]...)
		case 3:
			b = append(b[:j:j], b[i:]...)
		case 4:
			token := tokens[r.IntN(len(tokens))]
			b = append(b[:i:i], append([]byte(token), b[i:]...)...)
		case 5:
			b = b[:j]
		}
	}
	return b
}

// sendGarbage sends b, in one to four pieces, then a FIN or, now and then, a
// reset. It reads all that comes, and says what is wrong with it.
func sendGarbage(addr string, b []byte, r *rand.Rand) (sockets int, err error) {
	c, err := dial(addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	for rest, n := b, 1+r.IntN(4); len(rest) > 0; n-- {
		k := len(rest)
		if n > 1 {
			k = 1 + r.IntN(len(rest))
		}
		c.Write(rest[:k]) // the server may have ended already
		rest = rest[k:]
	}
	if r.IntN(16) == 0 {
		c.reset()
		return 0, nil
	}
	c.CloseWrite()
	all, err := io.ReadAll(c.TCPConn)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return 0, fmt.Errorf("want the end of the stream, got %w after %.300q", err, all)
	}
	return wellFormed(all)
}

// wellFormed is an error unless b consists of whole responses and frames. It
// returns how many of the responses opened a WebSocket.
func wellFormed(b []byte) (sockets int, err error) {
	in := bufio.NewReader(bytes.NewReader(b))
	for {
		if _, err := in.Peek(1); err == io.EOF {
			return sockets, nil
		}
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			return sockets, fmt.Errorf("want responses, got %.300q: %w", b, err)
		}
		if r.StatusCode == http.StatusSwitchingProtocols {
			rest, _ := io.ReadAll(in)
			return sockets + 1, wholeFrames(rest)
		}
		if _, err = io.Copy(io.Discard, r.Body); err != nil {
			return sockets, fmt.Errorf("want whole responses, got %.300q: %w", b, err)
		}
	}
}

func wholeFrames(b []byte) error {
	var frames ws.Reader
	frames.Init(ws.Client, 0)
	for closed := false; ; {
		h, n, err := ws.ParseHeader(b)
		switch {
		case len(b) == 0:
			return nil
		case closed:
			return fmt.Errorf("got %d bytes behind a Close frame, want none", len(b))
		case err != nil:
			return err
		case n == 0 || h.Length > int64(len(b)-n):
			return fmt.Errorf("the last frame is not whole: %.40x", b)
		}
		whole := b[:n+int(h.Length)]
		b = b[len(whole):]
		closed = h.Opcode == ws.Close
		if ev, _ := frames.Next(whole); ev.Kind == ws.Failed {
			return ev.Err
		}
	}
}
