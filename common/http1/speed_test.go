package http1

import (
	"strings"
	"testing"
)

// browser is a GET from a browser.
var browser = []byte(strings.ReplaceAll(`GET /_/echo?name=value HTTP/1.1
Host: 127.0.0.1:8003
Connection: keep-alive
sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-User: ?1
Sec-Fetch-Dest: document
Referer: http://127.0.0.1:8003/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9,de;q=0.8

`, "\n", "\r\n"))

var minimal = []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

// whole reads a request that is complete in p, and calls the methods that a server calls.
func whole(tb testing.TB, r *Reader, p []byte) {
	r.Reset(Limits{})
	ev, n := r.Next(p)
	if ev.Kind != Head || n != len(p) {
		tb.Fatalf("got %v after %d of %d bytes", ev, n, len(p))
	}
	q := r.Request()
	if string(q.Method()) != "GET" || q.HasToken("Connection", "upgrade") || q.Close() {
		tb.Fatal("the parsed request differs from the one in p")
	}
	for value := range q.Fields("Cookie") {
		tb.Fatalf("got a cookie %q", value)
	}
	if _, ok := q.Field("If-None-Match"); ok {
		tb.Fatal("got a field If-None-Match")
	}
	if ev, _ := r.Next(p[n:]); ev.Kind != End {
		tb.Fatalf("got %v, want End", ev)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var r Reader
	sized := []byte(post + "Content-Length: 5\r\n\r\nhello")
	coded := []byte(chunky + "5;x\r\nhello\r\n0\r\na: b\r\n\r\n")
	dst := make([]byte, 0, 256)
	now := epoch.AddDate(0, 0, 1)
	for what, f := range map[string]func(){
		"a GET in one piece": func() { whole(t, &r, browser) },
		"a GET in two pieces": func() {
			r.Reset(Limits{})
			r.Next(browser[:300])
			r.Next(browser[300:])
		},
		"a GET byte by byte, and Keep": func() {
			r.Reset(Limits{})
			for i := range browser {
				r.Next(browser[i : i+1])
			}
			r.Keep()
		},
		"a sized body":   func() { drain(t, &r, sized) },
		"a chunked body": func() { drain(t, &r, coded) },
		"a status line":  func() { dst = AppendStatusLine(dst[:0], 404) },
		"a date":         func() { dst = AppendDate(dst[:0], now) },
		"a date, parsed": func() { ParseDate([]byte("Sunday, 06-Nov-94 08:49:37 GMT"), now) },
		"a path":         func() { dst, _ = DecodePath(dst[:0], []byte("/a/%2e%2e/b%20c/./d")) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations, want 0", what, n)
		}
	}
}

// drain reads a request with a body. It calls Keep, as a driver that reuses its buffer does.
func drain(tb testing.TB, r *Reader, p []byte) {
	r.Reset(Limits{})
	for {
		ev, n := r.Next(p)
		switch p = p[n:]; ev.Kind {
		case Head:
			r.Keep()
		case End:
			return
		case NeedMore, Failed:
			tb.Fatalf("got %v", ev)
		}
	}
}

func BenchmarkBrowserGet(b *testing.B) {
	var r Reader
	b.SetBytes(int64(len(browser)))
	b.ReportAllocs()
	for b.Loop() {
		whole(b, &r, browser)
	}
}

func BenchmarkMinimalGet(b *testing.B) {
	var r Reader
	b.SetBytes(int64(len(minimal)))
	b.ReportAllocs()
	for b.Loop() {
		whole(b, &r, minimal)
	}
}

// BenchmarkSlowSender sends a head byte by byte. The time for each byte must not depend on the
// length.
func BenchmarkSlowSender(b *testing.B) {
	var r Reader
	b.SetBytes(int64(len(browser)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset(Limits{})
		for i := range browser {
			r.Next(browser[i : i+1])
		}
	}
}

func BenchmarkChunked(b *testing.B) {
	var r Reader
	p := []byte(chunky + strings.Repeat("400\r\n"+strings.Repeat("x", 1<<10)+"\r\n", 64) + "0\r\n\r\n")
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		drain(b, &r, p)
	}
}
