package processtest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"threeloops/common/ws"
)

// crashWords are what a process that was asked to crash says last.
const crashWords = "panic: this process was asked to crash"

// crash asks the server to crash, on a connection of its own, with further
// lines of the request's head.
func crash(addr string, more ...string) (reply, error) {
	c, err := dial(addr)
	if err != nil {
		return reply{}, err
	}
	defer c.Close()
	lines := append([]string{"POST /_/crash HTTP/1.1", "Host: localhost", "Content-Length: 0"}, more...)
	if _, err := io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		return reply{}, err
	}
	return c.answer()
}

// torn reports whether err is that of a connection whose other end died.
func torn(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// crashesOneProcess shows which clients a crash ends: with a process for each
// connection nobody, with a loop everyone.
func (target Target) crashesOneProcess(t *testing.T) {
	p := Launch(t, "-demo")
	neighbours := make([]*client, 4)
	for i := range neighbours {
		c, err := open(p.Addr)
		must(t, err)
		defer c.Close()
		must(t, c.echo([]byte("before")))
		neighbours[i] = c
	}
	refused, err := crash(p.Addr, "Origin: http://evil.example")
	must(t, err)
	must(t, equal("status for a page of another origin", refused.status, http.StatusForbidden))

	p.panics = 1
	if r, err := crash(p.Addr); !torn(err) {
		t.Fatalf("a crash's own connection: got status %d and %v, want it cut off", r.status, err)
	}
	eventually(t, func() error {
		return equal("the log says that it was asked", strings.Contains(p.Log(), crashWords), true)
	})
	if target.Name != "forkserv" {
		for _, c := range neighbours {
			if _, err := c.frames.Next(); !torn(err) {
				t.Errorf("a neighbour of a crash in a loop: got %v, want it cut off", err)
			}
		}
		must(t, equal("exit status", p.Wait(), 2))
		return
	}
	for _, c := range neighbours {
		must(t, c.echo([]byte("after")))
	}
	p.CheckHealthz()
	p.AwaitOpen(len(neighbours) + 1)
	eventually(t, func() error {
		return equal("lines about a child that failed", strings.Count(p.Log(), "a child has failed"), 1)
	})
}

// refusesToCrash shows that without -demo nothing is there.
func refusesToCrash(t *testing.T) {
	p := Launch(t)
	c, err := open(p.Addr)
	must(t, err)
	defer c.Close()
	r, err := crash(p.Addr)
	must(t, err)
	must(t, equal("status of POST /_/crash without -demo", r.status, http.StatusNotFound))
	must(t, c.echo([]byte("still here")))
	must(t, c.send(ws.Close, ws.AppendClose(nil, ws.NormalClosure, "")))
	must(t, c.closed(ws.NormalClosure))
}
