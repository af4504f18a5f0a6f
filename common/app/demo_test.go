package app

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/stat"
	"threeloops/common/ws"
)

func demo(o *Options) {
	o.Demo = true
	o.Board[0].Set(stat.Pid, 4711)
}

// crashed returns the value that ask panics with, or nil.
func crashed(ask func()) (with any) {
	defer func() { with = recover() }()
	ask()
	return nil
}

func TestWithoutDemoThereIsNothingToCrash(t *testing.T) {
	nothing := ask(t, local(nil), "GET /_/nothing")
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "OPTIONS"} {
		got := ask(t, local(nil), method+" /_/crash")
		got.expect(t, 404, method+" /_/crash")
		if diff := cmp.Diff(nothing.body, got.body); diff != "" {
			t.Errorf("%s /_/crash differs from an unknown file:\n%s", method, diff)
		}
	}
}

func TestWithDemoCrashPanics(t *testing.T) {
	for _, fields := range [][]string{nil, {"Origin: http://localhost:8003"}} {
		with := crashed(func() { ask(t, local(demo), "POST /_/crash", fields...) })
		if text, _ := with.(string); !strings.Contains(text, "asked to crash, by POST /_/crash (-demo)") {
			t.Errorf("POST /_/crash with %q panics with %v, want a text that says why", fields, with)
		}
	}
}

func TestOnlyAPostFromAnAllowedOriginCrashes(t *testing.T) {
	a := local(demo)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"} {
		got := ask(t, a, method+" /_/crash")
		got.expect(t, 405, method+" /_/crash")
		if allow := got.Header.Get("Allow"); allow != "POST, OPTIONS" {
			t.Errorf("%s /_/crash: Allow is %q", method, allow)
		}
	}
	ask(t, a, "OPTIONS /_/crash").expect(t, 204, "OPTIONS /_/crash")
	ask(t, a, "BREW /_/crash").expect(t, 501, "BREW /_/crash")
	ask(t, a, "POST /_/crash", "Origin: http://evil.example").expect(t, 403, "a page of another origin")
	ask(t, a, "POST /_/crash", "Host: evil.example").expect(t, 403, "another Host")
	a = local(func(o *Options) { demo(o); o.OriginRequired = true })
	ask(t, a, "POST /_/crash").expect(t, 403, "no Origin where one is required")
}

// introduction opens a WebSocket at path, sends hello, and returns the first message that comes
// back.
func introduction(t *testing.T, a *App, path string) string {
	return connect(t, a).introduced(path)
}

func (c *client) introduced(path string) string {
	c.send([]byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
		strings.Join(handshake, "\r\n") + "\r\n\r\n"))
	c.send(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: ws.Text, Masked: true}, []byte("hello")))
	_, frames, _ := strings.Cut(string(c.got), "\r\n\r\n")
	n := int(frames[1])
	return frames[2 : 2+n]
}

func TestEchoSendsThePidOfItsProcess(t *testing.T) {
	const pid = `{"server":"test","pid":4711}`
	for _, tt := range []struct {
		path   string
		change func(*Options)
		want   string
	}{
		{"/echo?pid", demo, pid},
		{"/echo", demo, "hello"},
		{"/echo?stream", demo, "hello"},
		{"/echo?pid", nil, "hello"},
	} {
		if diff := cmp.Diff(tt.want, introduction(t, local(tt.change), tt.path)); diff != "" {
			t.Errorf("%s, demo %v: the first message (-want +got):\n%s", tt.path, tt.change != nil, diff)
		}
	}
}

func TestARefusedHandshakeForgetsItsQuery(t *testing.T) {
	c := connect(t, local(demo))
	c.send([]byte("GET /echo?pid HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if !strings.HasPrefix(string(c.got), "HTTP/1.1 426 ") {
		t.Fatalf("want 426, got %q", c.got)
	}
	c.got = nil
	if got := c.introduced("/echo"); got != "hello" {
		t.Errorf("want hello, got %q", got)
	}
}
