package tracetest

import (
	"fmt"
	"time"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/ws"
)

// spy stands between a Session and its App and checks what an App may rely on:
// Open comes once, messages only between Open and Gone, Gone exactly once, and
// nothing after it.
type spy struct {
	app   session.App
	views map[uint64]*appView
	fault func(format string, args ...any)
}

// appView is what an App knows of one connection.
type appView struct {
	known, open, gone bool
}

func (s *spy) view(c *session.Conn, call string, webSocket bool) *appView {
	l := s.views[c.ID()]
	if l == nil {
		l = new(appView)
		s.views[c.ID()] = l
	}
	switch {
	case l.gone:
		s.fault("connection %d: %s after Gone", c.ID(), call)
	case webSocket && !l.open:
		s.fault("connection %d: %s before Open", c.ID(), call)
	case !l.known && call != "Request":
		s.fault("connection %d: %s before the first Request", c.ID(), call)
	}
	l.known = true
	return l
}

func (s *spy) Request(c *session.Conn, r *http1.Request, body []byte) {
	if s.view(c, "Request", false).open {
		s.fault("connection %d: Request after Open", c.ID())
	}
	s.app.Request(c, r, body)
}

func (s *spy) Open(c *session.Conn) {
	l := s.view(c, "Open", false)
	if l.open {
		s.fault("connection %d: Open twice", c.ID())
	}
	l.open = true
	s.app.Open(c)
}

func (s *spy) Message(c *session.Conn, m session.Message) {
	s.view(c, "Message", true)
	s.app.Message(c, m)
}

func (s *spy) Drained(c *session.Conn) {
	s.view(c, "Drained", true)
	s.app.Drained(c)
}

func (s *spy) Timer(c *session.Conn, now time.Time) {
	s.view(c, "Timer", false)
	s.app.Timer(c, now)
}

func (s *spy) Gone(c *session.Conn, code ws.Code) {
	l := s.view(c, "Gone", false)
	l.gone = true
	if (code != 0) != l.open {
		s.fault("connection %d: Gone with code %d, and open is %v", c.ID(), uint16(code), l.open)
	}
	s.app.Gone(c, code)
}

// checkEnded checks a connection that is over.
func (s *spy) checkEnded(id uint64) error {
	if l := s.views[id]; l != nil && !l.gone {
		return fmt.Errorf("connection %d is over, and Gone has not been called", id)
	}
	return nil
}

// SendOperatorText implements session.OperatorTextSender, as the application does or as a Session would without.
func (s *spy) SendOperatorText(c *session.Conn, text []byte) bool {
	if app, ok := s.app.(session.OperatorTextSender); ok {
		return app.SendOperatorText(c, text)
	}
	return c.Send(true, text)
}
