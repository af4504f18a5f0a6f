package simulation

import (
	"bytes"
	"fmt"
	"time"

	"threeloops/common/hub"
	"threeloops/common/roomtest"
	"threeloops/common/sim"
	"threeloops/common/ws"
)

const (
	longText = 19_000 // bytes of a text
	// longSlack is how much more than a limit of the room is certainly too much.
	longSlack   = 150_000
	messageFlag = "-max-message="
)

// longRoom makes a room in which S says more than its log keeps. Q has stopped reading, and P polls only at
// the end.
func (g *generator) longRoom() {
	if g.buffer == 0 || g.buffer > 50_000 {
		g.buffer = 50_000
		g.line("buffers %d bytes", g.buffer)
	}
	g.line("flags %s%d", messageFlag, 100_000)
	t := firstEvent + 10*time.Millisecond
	g.at(t, "P connects")
	g.at(t, "P sends %q", post("join", `{"name":"p"}`))
	for _, name := range []string{"Q", "S"} {
		g.at(t, "%s connects", name)
		g.at(t, "%s sends %q", name, g.handshake("/chat"))
		join := fmt.Sprintf(`{"type":"join","name":"%s"}`, string(name[0]+'a'-'A'))
		g.at(t, "%s sends %q", name, g.masked(ws.Header{Fin: true, Opcode: ws.Text}, join))
	}
	g.at(t+100*time.Millisecond, "Q stops reading")
	t += 200 * time.Millisecond
	const before, after = `{"type":"say","text":"`, `"}`
	h := ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Length: int64(len(before) + longText + len(after))}
	for range 120 + g.IntN(20) {
		g.at(t, "S sends %q", append(ws.AppendHeader(nil, h), before...))
		g.at(t, "S sends %d bytes", longText)
		g.at(t, "S sends %q", after)
		t += g.upTo(20 * time.Millisecond)
	}
	g.at(t+8*time.Second, `P sends "GET /chat/poll?session={session}&since={seq} HTTP/1.1\r\nHost: localhost\r\n\r\n"`)
}

// lastSaid is when a member with a WebSocket has said something last.
func (r *run) lastSaid() (last time.Duration) {
	for _, st := range r.streams {
		for _, a := range st.steps {
			if a.verb == sim.Sends && bytes.HasPrefix(st.firstBytes(), []byte("GET /chat ")) {
				last = max(last, a.at)
			}
		}
	}
	return last
}

// tooLong checks that the log has forgotten something if more was said than it may keep. A member that
// knows all up to the entry since has polled at a time when everything had been said.
func (rj *roomJudge) tooLong(since int, at time.Duration, a *pollAnswer) error {
	const later = 5 * time.Second
	if at < rj.lastSaid()+later || rj.stood() || rj.mayBeLate() || rj.scarce() || rj.crowded() || hasFlag(rj.s.Flags, "-max-conns") {
		return nil
	}
	size := 0
	for n, length := range rj.sizes {
		if n > since {
			size += length
		}
	}
	if len(a.Messages) > 0 && size > hub.LogBytes+longSlack && roomtest.TypeOf(a.Messages[0]) != "missed" {
		return fmt.Errorf("the log has kept %d bytes of entries, want at most %d", size, hub.LogBytes)
	}
	return nil
}

// slowMembers checks that a member has left the room that has left too much unread.
func (rj *roomJudge) slowMembers() *Failure {
	most := rj.number(messageFlag, 16<<20) + 1<<20 + longSlack
	last := 0 // entry that a member had heard
	for _, g := range rj.guests {
		last = max(last, g.settled)
	}
	for _, g := range rj.guests {
		if !g.joined || !g.socket || g.taken < 0 {
			continue
		}
		unread := g.stream.settled - g.taken // what lies in the member's own socket
		for n, length := range rj.sizes {
			if n > max(g.First, g.settled) && n <= last {
				unread += length
			}
		}
		if unread < most {
			continue
		}
		left := false
		for _, m := range rj.heard {
			left = left || m.Type == "left" && m.Name == g.name
		}
		if !left {
			return failed("room", "%s has left %d bytes unread, and is still a member", g.stream.name, unread)
		}
	}
	return nil
}
