package command

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

// dial opens a WebSocket to a server's echo.
func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), url+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadLimit(-1)
	t.Cleanup(func() { c.CloseNow() })
	return c
}

// echoed reads one message and compares it with the message that was sent.
func echoed(t *testing.T, c *websocket.Conn, kind websocket.MessageType, want []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	gotKind, got, err := c.Read(ctx)
	if err != nil {
		t.Fatalf("reading the echo of %d bytes: %v", len(want), err)
	}
	if gotKind != kind {
		t.Errorf("the echo of a %v is a %v", kind, gotKind)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the echo of %d bytes differs: %d bytes %.20q..., want %.20q...", len(want), len(got), got, want)
	}
}

// fill returns n bytes of text whose pattern never repeats at the border of a frame.
func fill(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.Bytes()[:n]
}

func TestEcho(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		c := dial(t, url)
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20, 16 << 20} {
				message := fill(n)
				sent := make(chan error, 1) // send in the background, because a large message comes back during the sending
				go func() { sent <- c.Write(t.Context(), kind, message) }()
				echoed(t, c, kind, message)
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
}

// A server understands each mode of compression that a client can offer. The library compresses
// each message with the window of the previous ones if the server permits that; these servers run
// with -compress=on and don't.
func TestEchoCompressed(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for _, mode := range []websocket.CompressionMode{
			websocket.CompressionContextTakeover, websocket.CompressionNoContextTakeover,
		} {
			c, resp, err := websocket.Dial(t.Context(), url+"/echo", &websocket.DialOptions{
				CompressionMode: mode, CompressionThreshold: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.CloseNow() })
			c.SetReadLimit(-1)
			if got := resp.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
				t.Errorf("the server answers the offer of compression with %q", got)
			}
			for _, n := range []int{0, 1, 63, 64, 500, 65536, 1 << 20, 500} {
				message := fill(n)
				sent := make(chan error, 1)
				go func() { sent <- c.Write(t.Context(), websocket.MessageText, message) }()
				echoed(t, c, websocket.MessageText, message)
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Errorf("closing: %v", err)
			}
		}
	})
}

func TestEchoOfFragments(t *testing.T) {
	pieces := []string{"", "a", "b\xe2", "\x82", "\xac", strings.Repeat("c", 70000), "", "ende"}
	each(t, func(t *testing.T, url string) {
		c := dial(t, url)
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			w, err := c.Writer(t.Context(), kind) // each Write sends a frame
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pieces {
				if _, err := io.WriteString(w, p); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			echoed(t, c, kind, []byte(strings.Join(pieces, "")))
		}
	})
}

func TestEchoOfManyClients(t *testing.T) {
	const clients, messages = 40, 25
	each(t, func(t *testing.T, url string) {
		var all sync.WaitGroup
		for i := range clients {
			c := dial(t, url)
			all.Go(func() {
				for j := range messages {
					want := fmt.Appendf(nil, "client %d, message %d", i, j)
					if err := c.Write(t.Context(), websocket.MessageText, want); err != nil {
						t.Error(err)
						return
					}
					if _, got, err := c.Read(t.Context()); err != nil || !bytes.Equal(got, want) {
						t.Errorf("client %d got %q, %v, want %q", i, got, err, want)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

func TestPing(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		c := dial(t, url)
		ctx, cancel := context.WithTimeout(c.CloseRead(t.Context()), 10*time.Second)
		defer cancel()
		if err := c.Ping(ctx); err != nil {
			t.Errorf("the server doesn't answer a ping: %v", err)
		}
	})
}

func TestCloseIsAnsweredInKind(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for _, code := range []websocket.StatusCode{1000, 1001, 1008, 1011, 3000, 4999} {
			// The library's Close fails unless the peer's Close frame has the same code.
			if err := dial(t, url).Close(code, "a reason with ümlauts"); err != nil {
				t.Errorf("Close %d: %v", code, err)
			}
		}
	})
}

func TestBadMessages(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for _, m := range []struct {
			about   string
			payload []byte
			want    websocket.StatusCode
		}{
			{"a text that isn't UTF-8", []byte("Hello\xff"), websocket.StatusInvalidFramePayloadData},
			{"a message of more than 16 MiB", make([]byte, 16<<20+1), websocket.StatusMessageTooBig},
		} {
			c := dial(t, url)
			go c.Write(t.Context(), websocket.MessageText, m.payload) // may fail, because the server may close first
			_, _, err := c.Read(t.Context())
			if got := websocket.CloseStatus(err); got != m.want {
				t.Errorf("the server answers %s with %v (%v), want Close %v", m.about, got, err, m.want)
			}
		}
	})
}

func TestOrigins(t *testing.T) {
	urls := servers(t)
	each(t, func(t *testing.T, url string) {
		got := make(map[string]int)
		want := map[string]int{"http://evil.example": 403, "null": 403}
		for _, other := range urls {
			want[other] = 101
			want[strings.Replace(other, "127.0.0.1", "localhost", 1)] = 101
		}
		for origin := range want {
			options := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}}
			c, resp, err := websocket.Dial(t.Context(), url+"/echo", options)
			if err == nil {
				c.CloseNow()
			}
			if resp == nil {
				t.Fatal(err)
			}
			got[origin] = resp.StatusCode
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("only pages of the three servers may open a WebSocket (-want +got):\n%s", d)
		}
	})
}
