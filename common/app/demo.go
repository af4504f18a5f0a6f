package app

import (
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// What the page /_/isolation needs to show which clients a crash disconnects. It is here
// only with Options.Demo.

// crash panics, although the servers' code never does that to a user: here it
// is what the user asks for. Nothing recovers, so the whole process ends, with
// every connection that it serves.
func (a *App) crash(c *session.Conn, r *http1.Request) {
	if !a.o.Demo {
		c.Refuse(404, "there is nothing at that path", nil)
		return
	}
	if a.method(c, r, "POST, OPTIONS") && a.originChecked(c, r) {
		panic("this process was asked to crash, by POST /_/crash (-demo)")
	}
}

// pidQuery is the data of a WebSocket that asks for the process that serves it.
type pidQuery struct{}

// sendPid says which process serves c, as JSON. A page can't find that out by
// itself: /stats, asked beside a WebSocket, may be answered by another process,
// and pages of other origins can't read it.
func (a *App) sendPid(c *session.Conn) {
	b := append([]byte(`{"server":`), strconv.Quote(a.o.Name)...)
	b = append(b, `,"pid":`...)
	b = strconv.AppendUint(b, a.o.Board[a.o.Slot].Get(stat.Pid), 10)
	c.Send(true, append(b, '}'))
}
