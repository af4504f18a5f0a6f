package app

import (
	"bytes"
	"strings"
	"testing"

	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/ws"
)

// driver drives one session of a server on loopback. It allocates nothing itself.
type driver struct {
	cfg     *session.Config
	s       *session.Session
	scratch [64 << 10]byte
	runs    [64][]byte
}

func newDriver(a *App) *driver {
	cfg := &session.Config{
		App: a, Stat: new(stat.Slot), MaxHead: 16 << 10, MaxBody: 1 << 20, MaxMessage: 16 << 20,
	}
	return &driver{cfg: cfg, s: session.New(cfg, 1, birth, nil)}
}

// exchange feeds p to the session, sends all responses, and returns their size in bytes.
func (d *driver) exchange(p []byte) (sent int) {
	d.cfg.Round()
	to := d.s.Into(d.scratch[:])
	d.s.Feed(birth, to[:copy(to, p)])
	for b := d.s.Next(d.runs[:]); !b.Empty(); b = d.s.Next(d.runs[:]) {
		n := 0
		for _, run := range b.Bytes {
			n += len(run)
		}
		d.s.Sent(birth, n)
		sent += n
	}
	return sent
}

// get returns a request with only the header fields that it must have.
func get(path string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:8003\r\n\r\n")
}

// browse returns a request as browsers send it.
func browse(path string) []byte {
	return []byte(strings.ReplaceAll("GET "+path+` HTTP/1.1
Host: 127.0.0.1:8003
Connection: keep-alive
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8
Referer: http://127.0.0.1:8003/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9,de;q=0.8

`, "\n", "\r\n"))
}

func TestAGetFromMemoryAllocatesNothing(t *testing.T) {
	a := local(nil)
	for _, c := range []struct {
		title   string
		request []byte
	}{
		{"the front page", get("/")},
		{"a page of the built-in site", get("/_/echo")},
		{"a page, to a browser", browse("/_/style.css")},
		{"/healthz", get("/healthz")},
		{"16 pages, pipelined", bytes.Repeat(get("/_/echo"), 16)},
	} {
		d := newDriver(a)
		n := testing.AllocsPerRun(200, func() {
			if d.exchange(c.request) < 100 {
				t.Fatalf("%s: got no response", c.title)
			}
		})
		if n != 0 {
			t.Errorf("%s: want no allocation, got %v", c.title, n)
		}
	}
}

// BenchmarkGet measures the cost of a request without its system calls.
func BenchmarkGet(b *testing.B) {
	for _, c := range []struct {
		title   string
		request []byte
	}{
		{"healthz", get("/healthz")},
		{"page", get("/_/echo")},
		{"browser", browse("/_/echo")},
		{"16 pipelined", bytes.Repeat(get("/healthz"), 16)},
	} {
		b.Run(c.title, func(b *testing.B) {
			d := newDriver(local(nil))
			b.ReportAllocs()
			for b.Loop() {
				d.exchange(c.request)
			}
		})
	}
}

// BenchmarkEcho measures the cost of one read, with that many messages, without its system calls.
func BenchmarkEcho(b *testing.B) {
	h := ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}}
	for _, c := range []struct {
		title       string
		size, depth int
	}{
		{"64 B", 64, 1}, {"64 B, 16 in one read", 64, 16}, {"16 KiB", 16 << 10, 1},
	} {
		b.Run(c.title, func(b *testing.B) {
			d := newDriver(local(nil))
			d.exchange([]byte(strings.ReplaceAll(`GET /echo HTTP/1.1
Host: 127.0.0.1:8003
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==

`, "\n", "\r\n")))
			read := bytes.Repeat(ws.AppendFrame(nil, h, make([]byte, c.size)), c.depth)
			b.ReportAllocs()
			for b.Loop() {
				if d.exchange(read) <= c.size*c.depth {
					b.Fatal("got no response")
				}
			}
		})
	}
}
