package processtest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threeloops/common/ws"
)

// garbageFlags have everything in play that a client may ask for.
var garbageFlags = []string{"-legacy", "-compress=takeover"}

// streams are what good clients might send, a list for each kind. A test that mixes
// them chooses a kind first, so that a kind with many streams is no more frequent.
type streams [][][]byte

// honest returns streams for a server that has garbageFlags and serves a root
// with the file x.css, of which tag is the entity tag and date the age. None
// asks with HEAD: a client that reads the responses could not tell what to expect.
func honest(tag, date string) streams {
	return streams{
		requests(), conditions(tag, date), sockets(), compressed(), hixies(),
	}
}

// garbageRoot makes the root for honest, serves it, and asks for the validators
// of x.css.
func garbageRoot(t *testing.T) (p *Process, tag, date string) {
	root := t.TempDir()
	old := time.Now().Add(-time.Hour)
	put(t, filepath.Join(root, "x.css"), lettersOf(40_000), old)
	put(t, filepath.Join(root, "x.css.gz"), lettersOf(9_000), old)
	must(t, os.WriteFile(filepath.Join(root, "empty"), nil, 0o644))
	must(t, os.Mkdir(filepath.Join(root, "dir"), 0o755))
	p = Launch(t, append([]string{"-root=" + root}, garbageFlags...)...)
	c, err := dial(p.Addr)
	must(t, err)
	defer c.Close()
	r, _, err := c.exchange("/x.css")
	must(t, errors.Join(err, equal("status", r.StatusCode, 200)))
	return p, r.Header.Get("ETag"), r.Header.Get("Last-Modified")
}

func requests() [][]byte {
	return [][]byte{
		[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n"),
		[]byte("GET /_/style.css HTTP/1.1\r\nHost: [::1]:80\r\n" +
			"If-None-Match: \"x\", W/\"y\"\r\nAccept: */*\r\n\r\n"),
		[]byte("GET http://localhost/metrics?a=b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
		[]byte("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
		[]byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"),
		[]byte("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n" +
			"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	}
}

// conditions are requests, four pipelined, for parts of what may have changed.
func conditions(tag, date string) (all [][]byte) {
	fields := []string{
		"Range: bytes=0-99", "Range: bytes=-1,5-5,300-400,,20000-", "Range: bytes=39999-40000,0-",
		"Range: bytes=40000-", "Range: bytes=9-0", "Range: bytes=0-99\r\nIf-Range: " + tag,
		"Range: bytes=1-2,1000-1001\r\nIf-Range: " + date,
		"If-None-Match: \"x\", W/" + tag, "If-None-Match: *", "If-Match: \"x\", " + tag, "If-Match: W/" + tag,
		"If-Modified-Since: " + date, "If-Unmodified-Since: " + date,
		"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT",
		"Accept-Encoding: gzip;q=0.5, *;q=0, identity;q=0.25", "Accept-Encoding: gzip\r\nRange: bytes=8990-9010",
	}
	paths := []string{"/x.css", "/_/style.css", "/empty", "/dir?a=b"}
	for i := range fields {
		var b []byte
		for j, path := range paths {
			b = append(b, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n"+fields[(i+j)%len(fields)]+"\r\n\r\n"...)
		}
		all = append(all, b)
	}
	return all
}

const handshake = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// part is a client's frame of a message in fragments.
func part(h ws.Header, p string) []byte {
	h.Masked, h.Key = true, [4]byte{9, 0, 0, 9}
	return ws.AppendFrame(nil, h, []byte(p))
}

// sockets are WebSockets of RFC 6455, and of versions 7 and 8.
func sockets() [][]byte {
	messages := bytes.Join([][]byte{
		frame(ws.Text, []byte("h\u00e9llo w\u00f6rld")), frame(ws.Ping, []byte("?")),
		frame(ws.Binary, make([]byte, 300)), frame(ws.Close, ws.AppendClose(nil, 1000, "bye")),
	}, nil)
	fragments := bytes.Join([][]byte{
		part(ws.Header{Opcode: ws.Text}, "frag"), frame(ws.Ping, nil),
		part(ws.Header{Opcode: ws.Continuation}, "men"), frame(ws.Pong, nil),
		part(ws.Header{Fin: true, Opcode: ws.Continuation}, "ted"), frame(ws.Binary, make([]byte, 70000)),
	}, nil)
	early := strings.NewReplacer("Version: 13", "Version: 8", "Upgrade\r\n", "Upgrade\r\n"+
		"Sec-WebSocket-Origin: http://localhost\r\n").Replace(handshake)
	return [][]byte{
		append([]byte(handshake), messages...),
		append([]byte(strings.Replace(handshake, "/echo", "/echo?stream", 1)), fragments...),
		append([]byte(early), messages...),
		append([]byte(strings.Replace(early, "Version: 8", "Version: 7", 1)), fragments...),
	}
}

// compressed are WebSockets that offer permessage-deflate, and use it.
func compressed() (all [][]byte) {
	var z ws.Deflater
	plain := lettersOf(3000)
	packed, _ := z.Append(nil, false, plain)
	first := ws.Header{Opcode: ws.Text, Rsv: ws.Rsv1}
	whole := ws.Header{Fin: true, Opcode: ws.Text, Rsv: ws.Rsv1}
	half := len(packed) / 2
	frames := bytes.Join([][]byte{
		part(whole, string(packed)), part(first, string(packed[:half])), frame(ws.Ping, []byte("?")),
		part(ws.Header{Fin: true, Opcode: ws.Continuation}, string(packed[half:])),
		part(whole, "\xf2\x48\xcd\xc9\xc9\x07\x00"),                         // RFC 7692 7.2.3.1: Hello
		part(whole, "\xf2\x00\x11\x00\x00"),                                 // 7.2.3.2: and once more, of the window
		part(whole, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"),         // 7.2.3.3: without compression
		part(whole, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),                     // 7.2.3.4: a final block
		part(whole, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), // 7.2.3.5: two blocks
		frame(ws.Text, plain), frame(ws.Close, ws.AppendClose(nil, 1000, "ok")),
	}, nil)
	for _, offer := range []string{
		"permessage-deflate", "permessage-deflate; client_no_context_takeover; client_max_window_bits",
		"permessage-deflate; server_max_window_bits=9, permessage-deflate",
		"x-other; a=\"b\", permessage-deflate; client_max_window_bits=\"10\"; server_no_context_takeover",
	} {
		head := strings.TrimSuffix(handshake, "\r\n") + "Sec-WebSocket-Extensions: " + offer + "\r\n\r\n"
		all = append(all, append([]byte(head), frames...))
	}
	return append(all, bytes.Replace(all[0], []byte("/echo"), []byte("/echo?stream"), 1))
}

// hixies are WebSockets of hixie-75 and hixie-76.
func hixies() [][]byte {
	const head = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n" +
		"Origin: http://localhost\r\n"
	frames := "\x00Hello\xff\x00gr\u00fc\u00df dich\xff\x00\xff\x01skipped\xff\x80\x07skipped" +
		"\x00" + strings.Repeat("long ", 2000) + "\xff\xff\x00"
	keys := "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\n" +
		"Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\r\n^n:ds[4U"
	var all [][]byte
	for _, path := range []string{"/echo", "/echo?stream"} {
		at := strings.Replace(head, "/echo", path, 1)
		all = append(all, []byte(at+"WebSocket-Protocol: echo\r\n\r\n"+frames),
			[]byte(at+"Sec-WebSocket-Protocol: x echo\r\n"+keys+frames))
	}
	return all
}
