package conn

import (
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/ws"
)

// testApp answers each request with a function, or doesn't answer.
type testApp struct {
	answer func(c *session.Conn)
	asked  int
	gone   int
}

func (a *testApp) Request(c *session.Conn, r *http1.Request, _ []byte) {
	a.asked++
	switch {
	case string(r.Path()) == "/ws":
		c.Upgrade(r, nil, false)
	case a.answer != nil:
		a.answer(c)
	}
}

func (a *testApp) Open(*session.Conn)                         {}
func (a *testApp) Message(c *session.Conn, m session.Message) { c.Send(m.Text, m.Bytes()) }
func (a *testApp) Drained(*session.Conn)                      {}
func (a *testApp) Timer(*session.Conn, time.Time)             {}
func (a *testApp) Gone(*session.Conn, ws.Code)                { a.gone++ }

// reply makes a testApp answer all requests with r.
func reply(r session.Response) *testApp {
	return &testApp{answer: func(c *session.Conn) { c.Respond(&r) }}
}

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
