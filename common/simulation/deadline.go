package simulation

import (
	"bytes"
	"strings"
	"time"

	"threeloops/common/sim"
)

// timeouts are those of the servers' flags.
type timeouts struct {
	head, idle, closing time.Duration
}

// timeouts are what the scenario's flags say, or the defaults.
func (r *run) timeouts() timeouts {
	t := timeouts{10 * time.Second, time.Minute, 5 * time.Second}
	for _, f := range r.s.Flags {
		name, value, _ := strings.Cut(f, "=")
		d, err := time.ParseDuration(value)
		switch {
		case err != nil:
		case name == "-head-timeout":
			t.head = d
		case name == "-idle-timeout":
			t.idle = d
		case name == "-close-timeout":
			t.closing = d
		}
	}
	return t
}

// mayTimeOut reports whether the connection has lasted long enough for a timeout.
func (r *run) mayTimeOut(st *stream) bool {
	return r.delayed() || r.endedAt(st)-st.connectedAt() >= r.timeouts().idle
}

// overdue fails if the connection of a client that reads has ended too late. It asks no core: a fault in
// the core's deadlines would be in the reference, too.
func (j *judgement) overdue(st *stream) *Failure {
	const slack = 3 * time.Second
	if j.delayed || st.aborts() || st.deaf() || !st.did(sim.Connects) {
		return nil
	}
	t, last, size := j.timeouts(), st.steps[len(st.steps)-1].at, 0
	for _, a := range st.steps {
		size += len(a.data)
	}
	most := last + t.idle*time.Duration(1+size>>16) + 2*t.closing + slack
	if head := st.headAt(); head < 0 || head > st.steps[0].at+2*t.head {
		most = min(most, st.steps[0].at+2*t.head+t.closing+slack) // one timeout until the first byte, and one for the head
	}
	if begun := st.unfinishedSince(); begun >= 0 {
		most = min(most, begun+t.idle*time.Duration(1+size>>16)+2*t.closing+slack)
	}
	if st.client.EndAt > most {
		return failed("overdue", "the connection of %s ended at %v, want %v at the latest", st.name, st.client.EndAt, most)
	}
	return nil
}

// unfinishedSince is when the client has begun the last message that it doesn't end, or -1.
func (st *stream) unfinishedSince() time.Duration {
	_, frames, upgraded := bytes.Cut(st.sent(), []byte("\r\n\r\n"))
	if whole := talkOf(frames, true); !upgraded || !whole.begun || whole.code != 0 || !bytes.HasPrefix(st.sent(), []byte(handshake("/echo"))) {
		return -1
	}
	var sent []byte
	since, before := time.Duration(-1), 0
	for _, a := range st.steps {
		sent = append(sent, a.data...)
		_, frames, _ := bytes.Cut(sent, []byte("\r\n\r\n"))
		now := talkOf(frames, true)
		switch {
		case !now.begun:
			since = -1
		case since < 0 || len(now.messages) > before:
			since = a.at
		}
		before = len(now.messages)
	}
	return since
}

// headAt is when the client has sent the end of its first head, or -1. A head that is malformed may end
// earlier.
func (st *stream) headAt() time.Duration {
	var sent []byte
	for _, a := range st.steps {
		if sent = append(sent, a.data...); bytes.Contains(sent, []byte("\r\n\r\n")) {
			return a.at
		}
	}
	return -1
}
