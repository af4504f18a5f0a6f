package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"
)

// dialer sends a message of any length in one frame, as the floor requires.
var dialer = gorilla.Dialer{WriteBufferSize: 2 << 20}

func dial(t *testing.T, addr string) *gorilla.Conn {
	t.Helper()
	c, _, err := dialer.Dial("ws://"+addr+"/echo", nil)
	if err != nil {
		t.Fatalf("the handshake failed: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetReadDeadline(time.Now().Add(patience))
	return c
}

// text returns a payload that is also valid as a text message.
func text(n int) []byte { return bytes.Repeat([]byte("Zwölf Boxkämpfer. "), n/10+1)[:n:n] }

// sameEcho reports whether got is what the baseline must send back for want.
func sameEcho(b baseline, got, want []byte) bool {
	if b.canned {
		want = bytes.Repeat([]byte("x"), len(want))
	}
	return bytes.Equal(got, want)
}

func TestEchoesMessagesOfEveryLength(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		shared := run(t, b.name)
		for _, n := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
			r := shared
			if b.canned {
				r = run(t, b.name, "-size", strconv.Itoa(n))
			}
			c := dial(t, r.addr)
			for _, kind := range []int{gorilla.TextMessage, gorilla.BinaryMessage} {
				want := bytes.ToValidUTF8(text(n), []byte("?"))
				for len(want) < n {
					want = append(want, '!')
				}
				for range 2 {
					if err := c.WriteMessage(kind, want); err != nil {
						t.Fatal(err)
					}
					gotKind, got, err := c.ReadMessage()
					if err != nil || !sameEcho(b, got, want) || gotKind != kind && !b.canned {
						t.Errorf("%d bytes of kind %d come back as %d of kind %d: %v", n, kind, len(got), gotKind, err)
					}
				}
			}
		}
	})
}

// open makes a plain connection on which the handshake is done.
func open(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, early, _, err := ws.Dial(context.Background(), "ws://"+addr+"/echo")
	if err != nil || early != nil {
		t.Fatalf("the handshake failed: %v, %v", early, err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c
}

func TestMessagesMayBeCutAnywhere(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		for _, n := range []int{64, 126, 40_000} {
			const messages = 16
			r := run(t, b.name, "-size", strconv.Itoa(n))
			var sent, all []byte
			for i := range messages {
				payload := bytes.Repeat([]byte{byte(i)}, n)
				frame := ws.MaskFrame(ws.NewBinaryFrame(payload))
				all = append(all, payload...)
				sent = append(sent, ws.MustCompileFrame(frame)...)
			}
			for _, pieces := range []int{1, 2, 3, 20} {
				c := open(t, r.addr)
				go writeInPieces(c, sent, pieces)
				var back []byte
				for range messages {
					got, _, err := wsutil.ReadServerData(c)
					if err != nil || len(got) != n {
						t.Fatalf("%d messages of %d bytes in %d writes: %d bytes come back: %v",
							messages, n, pieces, len(got), err)
					}
					back = append(back, got...)
				}
				if !sameEcho(b, back, all) {
					t.Errorf("%d messages of %d bytes in %d writes come back changed", messages, n, pieces)
				}
			}
		}
	})
}

// writeInPieces splits b at random positions. The pauses let the other end see the pieces.
func writeInPieces(c net.Conn, b []byte, pieces int) {
	for ; pieces > 1 && len(b) > 1; pieces-- {
		n := 1 + rand.IntN(len(b)-1)
		c.Write(b[:n])
		b = b[n:]
		time.Sleep(time.Millisecond)
	}
	c.Write(b)
}

func TestASlowReaderGetsAllInTheEnd(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		const n, messages = 1 << 20, 16 // more than the buffers of two sockets hold
		r := run(t, b.name, "-size", strconv.Itoa(n))
		c := dial(t, r.addr)
		want := make([]byte, n)
		written := make(chan error, 1)
		go func() {
			for range messages {
				if err := c.WriteMessage(gorilla.BinaryMessage, want); err != nil {
					written <- err
					return
				}
			}
			written <- nil
		}()
		time.Sleep(200 * time.Millisecond) // makes this reader slow
		for range messages {
			if _, got, err := c.ReadMessage(); err != nil || !sameEcho(b, got, want) {
				t.Fatalf("a slow reader gets %d bytes: %v", len(got), err)
			}
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	})
}

func TestCloseIsAnswered(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		r := run(t, b.name, "-size", "64")
		closeFrame := ws.MustCompileFrame(ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, ""))))
		c := open(t, r.addr)
		if _, err := c.Write(closeFrame); err != nil {
			t.Fatal(err)
		}
		closes(t, c)
		if !b.canned {
			return // a library may send Close before the message: wslay does
		}
		c = open(t, r.addr)
		message := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(text(64))))
		if _, err := c.Write(append(message, closeFrame...)); err != nil {
			t.Fatal(err)
		}
		if got, _, err := wsutil.ReadServerData(c); err != nil || len(got) != 64 {
			t.Errorf("the message before Close comes back as %d bytes: %v", len(got), err)
		}
		closes(t, c)
	})
}

// closes checks that a Close frame arrives, and then the end of the stream.
func closes(t *testing.T, c net.Conn) {
	t.Helper()
	h, err := ws.ReadHeader(c)
	if err != nil || h.OpCode != ws.OpClose {
		t.Errorf("a Close is answered with %+v: %v", h, err)
	}
	rest, err := io.ReadAll(c)
	if err != nil || int64(len(rest)) != h.Length {
		t.Errorf("after the header of the Close frame come %d bytes and then %v, want %d and the end", len(rest), err, h.Length)
	}
}

// Each key has another digest. Among the digests are zero bytes and high bits in all places.
func TestEveryHandshakeIsRight(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		if b.model == "goroutines" {
			t.Skip("other people's servers aren't tested")
		}
		r := run(t, b.name)
		for range 100 {
			dial(t, r.addr).Close() // the client checks Sec-WebSocket-Accept
		}
	})
}

func TestHandshakeOfTheRFC(t *testing.T) {
	each(t, webSocket, func(t *testing.T, b baseline) {
		req, err := http.NewRequest("GET", "http://"+run(t, b.name).addr+"/echo", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"sec-websocket-KEY": "dGhlIHNhbXBsZSBub25jZQ==",
		} {
			req.Header[name] = []string{value}
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := resp.Header.Get("Sec-WebSocket-Accept")
		if resp.StatusCode != 101 || got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("the key of RFC 6455 1.3 is answered with %d, %q", resp.StatusCode, got)
		}
	})
}

func TestEndsWithItsClientsConnected(t *testing.T) {
	each(t, every, func(t *testing.T, b baseline) {
		r := run(t, b.name)
		if b.page != "" {
			page(t, ask(t, r.addr, get), "ok\n")
		}
		var left []string
		for range 3 {
			c, err := net.Dial("tcp", r.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
		if withProcess(b) {
			eventually(t, "a child for each client", func() bool {
				left = r.children(t)
				return len(left) >= 3
			})
		}
		r.end(t)
		for _, pid := range left {
			eventually(t, "child "+pid+" ends with its parent", func() bool {
				_, err := os.Stat("/proc/" + pid)
				return err != nil
			})
		}
		if c, err := net.Dial("tcp", r.addr); err == nil {
			c.Close()
			t.Error("a process still listens")
		}
	})
}

func TestChildrenAreWaitedFor(t *testing.T) {
	each(t, withProcess, func(t *testing.T, b baseline) {
		r := run(t, b.name)
		for range 20 {
			dial(t, r.addr).Close()
		}
		eventually(t, "no child is left, not even a zombie", func() bool { return len(r.children(t)) == 0 })
	})
}
