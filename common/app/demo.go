package app

import (
	"strconv"

	"threeloops/common/http1"
	"threeloops/common/session"
	"threeloops/common/stat"
)

// The page /_/isolation uses the functions in this file to show which clients a crash disconnects.
// They work only with Options.Demo.

// crash panics on purpose, because the user asks for it. Nothing recovers, so the whole process
// ends, with every connection that it serves.
func (a *App) crash(c *session.Conn, r *http1.Request) {
	if !a.o.Demo {
		a.notFound(c, r)
		return
	}
	if a.method(c, r, "POST, OPTIONS") && a.originChecked(c, r) {
		panic("this process was asked to crash, by POST /_/crash (-demo)")
	}
}

// pidQuery is the data of a WebSocket whose client has asked which process serves it.
type pidQuery struct{}

// sendPid sends the process that serves c, as JSON. A page can't find that out with /stats: another
// process may respond to that request, and pages of other origins can't read the response.
func (a *App) sendPid(c *session.Conn) {
	b := append([]byte(`{"server":`), strconv.Quote(a.o.Name)...)
	b = append(b, `,"pid":`...)
	b = strconv.AppendUint(b, a.o.Board[a.o.Slot].Get(stat.Pid), 10)
	c.Send(true, append(b, '}'))
}
