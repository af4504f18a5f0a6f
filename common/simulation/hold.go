package simulation

import (
	"bytes"
	"strconv"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// memoryFlag limits the memory that all clients together may hold.
const memoryFlag = "-max-memory="

// flood makes clients that send much to the echo, and never read what comes back.
func (g *generator) flood() {
	if g.buffer == 0 || g.buffer > 20_000 {
		g.line("buffers 20000 bytes")
		g.buffer = 20_000
	}
	n, messages := 1+g.IntN(2), 16
	if g.chance(50) { // each holds less than it may, and all together hold too much
		n, messages = 6+g.IntN(6), 6
		g.line("flags %s%d", memoryFlag, 1<<20)
	}
	name, t := "F1..F"+strconv.Itoa(n), firstEvent+g.upTo(g.span)
	g.at(t, "%s connect", name)
	g.at(t, "%s stop reading", name)
	g.at(t, "%s send %q", name, g.handshake("/echo"))
	if g.chance(25) {
		g.line("flags -console")
		g.at(t+g.upTo(2*time.Second), "the operator types %q", "kickall")
	}
	for range messages {
		size := 20_000 + g.IntN(50_000)
		g.at(t, "%s send %q", name, ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Binary, Masked: true, Length: int64(size)}))
		g.at(t, "%s send %d bytes", name, size)
		if g.chance(20) {
			t += g.upTo(g.span / 8)
		}
	}
}

// What the server may hold.
const (
	// mostHeld is what it may hold for one client of the echo that doesn't read: a full queue of 256 KiB, a
	// read of 64 KiB, the echo of a message of 70,000 bytes, and some more.
	mostHeld = 450_000
	// heldSlack is how much more than its budget of memory it may hold for all, because it reads before it
	// looks.
	heldSlack = 300_000
)

// noteHeld notes what the server holds for clients of the echo that flood it: what it has read from them
// and hasn't sent back. The kernel knows.
func (r *run) noteHeld() {
	for _, st := range r.streams {
		if st.held, st.taken = 0, -1; st.deaf() && st.client.End == "" && !st.client.Broken() && st.client.ServedBy() != nil {
			_, waiting := st.client.InFlight()
			st.taken = len(st.client.Got) + waiting
		}
		const much = 200_000
		if st.size < much || !st.deaf() || st.again || st.client.End != "" || st.did(sim.Closes, sim.Resets) || st.client.Broken() || st.client.ServedBy() == nil {
			continue
		}
		_, frames, upgraded := bytes.Cut(st.sent(), []byte("\r\n\r\n"))
		if t := talkOf(frames, true); !upgraded || t.code != 0 || t.closed || !bytes.HasPrefix(st.sent(), []byte(handshake("/echo"))) {
			continue // the server may have dropped what it has read
		}
		toServer, toClient := st.client.InFlight()
		st.held = max(0, st.size-st.client.Unsent()-toServer-toClient-len(st.client.Got))
	}
}

// judgeHeld fails if the server has held more for one client than it may. The operator and a shutdown make it
// drop input, and so does the end of a connection to which too much memory has gone.
func (r *run) judgeHeld() *Failure {
	if r.termAt >= 0 || len(r.typed("kick")) > 0 || hasFlag(r.s.Flags, "-max-memory") {
		return nil
	}
	for _, st := range r.streams {
		if st.held > mostHeld {
			return failed("memory", "the server has read %d bytes from %s that it hasn't sent back, want at most %d", st.held, st.name, mostHeld)
		}
	}
	return nil
}

// judgeBudget fails if the server has held more for all clients than its budget, and has ended no connection
// because of that. ended is how many it has ended.
func (r *run) judgeBudget(ended int) *Failure {
	all, budget := 0, r.number(memoryFlag, 0)
	for _, st := range r.streams {
		all += st.held
	}
	if budget > 0 && ended == 0 && all > budget+heldSlack && len(r.typed("kick")) == 0 {
		return failed("memory", "the server has read %d bytes that it hasn't sent back, with a budget of %d, and has ended no connection", all, budget)
	}
	return nil
}
