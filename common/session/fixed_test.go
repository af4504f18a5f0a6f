package session_test

import (
	"strings"
	"testing"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/tracetest"
)

// fixedApp sends the same response to every request, either as a Fixed or as a Response.
type fixedApp struct {
	*testApp
	fixed session.Fixed
	plain bool
}

func (a *fixedApp) Request(c *session.Conn, _ *http1.Request, _ []byte) {
	if a.plain {
		c.Respond(&a.fixed.Response)
	} else {
		c.RespondFixed(&a.fixed)
	}
}

// The bytes that RespondFixed makes once in a second must be equal to those of Respond.
func TestAFixedResponseHasTheBytesOfAnyOther(t *testing.T) {
	for _, c := range []struct{ status, size int }{{200, 0}, {200, 3}, {200, 5000}, {404, 3}, {426, 3}} {
		answers := map[bool]string{}
		for _, plain := range []bool{true, false} {
			app := &fixedApp{testApp: new(testApp), plain: plain}
			app.fixed.Response = session.Response{Status: c.status, Fields: []byte("A: b\r\n"), Shared: true,
				Body: []byte(strings.Repeat("x", c.size))}
			all := ""
			for _, request := range []string{
				"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
				"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
				"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			} {
				d := newDriver(app)
				for _, later := range []time.Duration{0, time.Second / 2, time.Second, time.Hour} {
					d.s.Feed(tracetest.Birth.Add(later), []byte(request))
					for b := d.s.Next(d.runs[:]); len(b.Bytes) > 0; b = d.s.Next(d.runs[:]) {
						n := 0
						for _, run := range b.Bytes {
							all += string(run)
							n += len(run)
						}
						d.s.Sent(tracetest.Birth.Add(later), n)
					}
				}
			}
			answers[plain] = all
		}
		if answers[true] != answers[false] {
			t.Errorf("%v: Respond sends\n%.2000s\nbut RespondFixed sends\n%.2000s", c, answers[true], answers[false])
		}
		if n := strings.Count(answers[false], "Date: "); n != 4*4+2 {
			t.Errorf("%v: got %d responses, want 18", c, n)
		}
	}
}
