package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"threeloops/common/sim"
	"threeloops/common/ws"
)

// commands are what the operator types. The texts have characters that JSON escapes.
var commands = []string{"users", "stats", "help kick", "no such command", "kick 1", "kick 2", "kickall", "kickall",
	`sendall a "notice" \ for all`, "sendall eine Nachricht für alle", `send 1 a "notice" for one`}

// operator makes an operator, who types some commands.
func (g *generator) operator() {
	g.line("flags -console")
	for range 1 + g.IntN(3) {
		g.at(g.moment(), "the operator types %q", oneOf(g, commands...))
	}
}

// typed are the commands that begin with a word, and when they came.
func (r *run) typed(word string) (all []step) {
	for _, a := range r.machine {
		if a.verb == sim.Types && strings.HasPrefix(string(a.data), word) {
			all = append(all, a)
		}
	}
	return all
}

// notices are the texts that the operator has sent to clients.
func (r *run) notices() (all []string) {
	for _, a := range r.typed("send") {
		text, ok := strings.CutPrefix(string(a.data), "sendall ")
		if !ok {
			_, text, _ = strings.Cut(strings.TrimPrefix(text, "send "), " ")
		}
		all = append(all, text)
	}
	return all
}

// outputOf is the output in b without the operator's notices.
func (r *run) outputOf(b []byte) *output {
	o := canonical(bytes.Clone(b))
	for _, text := range r.notices() {
		if text := fmt.Appendf(nil, "(%v %s)", ws.Text, appendEscaped(nil, []byte(text))); bytes.Contains(o.messages, text) {
			o.messages = bytes.ReplaceAll(o.messages, text, nil)
		}
	}
	return &o
}

// judgeNotice judges a text of the operator for a member of the room.
func (r *run) judgeNotice(p []byte) error {
	var m struct{ Type, Text string }
	if err := json.Unmarshal(p, &m); err != nil {
		return fmt.Errorf("%w in %.200s", err, p)
	}
	if !slices.Contains(r.notices(), m.Text) {
		return fmt.Errorf("the operator hasn't sent %.200s", p)
	}
	return nil
}

// kicked reports whether the operator may have kicked the client. A server that has stood still obeys later.
func (r *run) kicked(st *stream) bool {
	later := r.stood() || r.mayBeLate()
	return slices.ContainsFunc(r.typed("kick"), func(a step) bool { return later || a.at >= st.connectedAt() })
}

// afterKick judges a client whose connection the operator may have ended at any moment, perhaps with a last
// response that says so.
func (j *judgement) afterKick(st *stream, got *output) *Failure {
	last, all := got.withoutClosing(), []*output{j.core(st, untimed), j.core(st, timed)}
	if j.termAt >= 0 {
		for _, i := range st.around(j.termAt) {
			all = append(all, j.coreWithShutdown(st, i))
		}
	}
	for _, want := range all {
		if got.isAll(want) || last.partOf(want.withoutClosing()) || got.unavailable(want) {
			return nil
		}
	}
	return failed("wrong", "%s, which the operator may have kicked: %s", st.name, difference(got, j.core(st, untimed)))
}

// withoutClosing is the output without the announcements that a response is the last.
func (o *output) withoutClosing() *output {
	return &output{bytes.ReplaceAll(o.http, closing, nil), o.messages, o.control}
}

// kickSlack is how much later than the close timeout a client that was kicked may still be served.
const kickSlack = 2 * time.Second

// noteKicks lets the close timeout of the last kick pass, and notes which of the clients that the
// operator has kicked are still served.
func (r *run) noteKicks() *Failure {
	all := r.typed("kickall")
	if len(all) == 0 {
		return nil
	}
	at := all[len(all)-1].at
	if f := r.until(at + r.timeouts().closing + kickSlack); f != nil {
		return f
	}
	const earlier = 20 * time.Millisecond // the server had accepted it
	for _, st := range r.streams {
		if c := st.connectedAt(); c >= 0 && c < at-earlier && !st.again && st.client.End == "" && st.client.ServedBy() != nil {
			r.unkicked = append(r.unkicked, st.name)
		}
	}
	return nil
}

// judgeKicks fails if a client that was kicked was still served after the close timeout. A server that is
// late may not have accepted the client before it was kicked.
func (r *run) judgeKicks() *Failure {
	late := r.scarce() || r.mayBeLate() || r.stood() || r.termAt >= 0 || r.did(sim.SignalsServing) ||
		hasFlag(r.s.Flags, "-max-conns") || hasFlag(r.s.Flags, "-defer-accept") || hasFlag(r.s.Flags, "-max-per-ip")
	if late || len(r.unkicked) == 0 {
		return nil
	}
	return failed("kick", "the operator has kicked all clients, and %v later %s are still served",
		r.timeouts().closing+kickSlack, strings.Join(r.unkicked, ", "))
}
