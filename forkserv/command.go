package main

import (
	"fmt"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// runCommand passes an operator's command on to the children that it concerns. It takes the result
// from the board, so the parent doesn't wait for any child. It may therefore report as sent what a
// child can't send any more.
func (p *parent) runCommand(now time.Time, cmd *server.Command) {
	var result server.Result
	for _, c := range p.all {
		if c.id == 0 || !cmd.Concerns(c.id) || p.board[c.slot].Get(stat.Closed) != 0 {
			continue // a spare, a child of another client, or one that has closed its connection
		}
		result.Clients = append(result.Clients, p.client(c))
		if !cmd.MatchesAddr(c.peer) {
			continue
		}
		switch cmd.Kind {
		case server.SendCommand:
			if session.PhaseSendsText(p.board[c.slot].Get(stat.Phase)) {
				p.send(c, &hub.Message{Kind: sendKind, Text: cmd.Text})
				result.Done++
			}
		case server.KickCommand:
			p.send(c, &hub.Message{Kind: kickKind})
			result.Done++
		}
	}
	if cmd.Room {
		p.hub.Handle(now, 0, &hub.Message{Kind: hub.Announce, Text: cmd.Text})
	}
	cmd.SendResult(result)
}

// client describes a child's connection for the operator. A child counts for one connection alone,
// so the counts of its slot are the connection's. How much is queued only the child knows.
func (p *parent) client(c *childProc) server.Client {
	s := &p.board[c.slot]
	return server.Client{
		ID: c.id, Pid: c.pid, Peer: c.peer, Phase: session.PhaseName(s.Get(stat.Phase)),
		More: fmt.Sprintf("in=%d out=%d requests=%d messages=%d", s.Get(stat.BytesIn), s.Get(stat.BytesOut),
			s.Get(stat.Requests), s.Get(stat.MessagesIn)),
	}
}
