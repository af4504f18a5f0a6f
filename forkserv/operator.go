package main

import (
	"fmt"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// obey passes an operator's order on to the children that it is about, and
// answers it with what the board says of them: no child is waited for.
func (p *parent) obey(now time.Time, o *server.Order) {
	var a server.Answer
	for _, c := range p.children {
		if c.id == 0 || !o.About(c.id) || p.board[c.slot].Get(stat.Closed) != 0 {
			continue // it is warm, another's, or has closed its connection and will be reaped
		}
		a.Clients = append(a.Clients, p.client(c))
		if !o.Fits(c.peer) {
			continue
		}
		switch o.Verb {
		case server.Tell:
			if session.PhaseSendsText(p.board[c.slot].Get(stat.Phase)) {
				p.send(c, &hub.Message{Kind: tellKind, Text: o.Text})
				a.Done++
			}
		case server.Kick:
			p.send(c, &hub.Message{Kind: kickKind})
			a.Done++
		}
	}
	if o.Room {
		p.hub.Handle(now, 0, &hub.Message{Kind: hub.Announce, Text: o.Text})
	}
	o.Answer(a)
}

// client is what the operator is shown of a connection. The counts are its own,
// for its child counts nothing else; what waits in its queue only the child knows.
func (p *parent) client(c *offspring) server.Client {
	s := &p.board[c.slot]
	return server.Client{
		ID: c.id, Pid: c.pid, Peer: c.peer, Phase: session.PhaseName(s.Get(stat.Phase)),
		More: fmt.Sprintf("in=%d out=%d requests=%d messages=%d", s.Get(stat.BytesIn), s.Get(stat.BytesOut),
			s.Get(stat.Requests), s.Get(stat.MessagesIn)),
	}
}
