package simulation

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"threeloops/common/sim"
)

// atShutdown judges a client of a server that was told to end while clients were active. The server
// may have learned of the shutdown before or after anything that the client did at that time, and
// later if it was delayed.
func (j *judgement) atShutdown(st *stream, got *output) *Failure {
	if f := j.resetAtShutdown(st); f != nil {
		return f
	}
	want := j.core(st, timed)
	if len(st.steps) == 0 || !st.early || got.equals(want) {
		return nil // a client that came later may be refused
	}
	// A process that has stood still for longer than the grace time is cut off.
	still := j.stops() || j.stopTime()+j.stalled > time.Second
	interrupted := still || st.aborts() || st.deaf() || j.slowNetwork() || st.steps[len(st.steps)-1].at >= j.termAt
	var nearest *output
	for _, i := range st.around(j.termAt) {
		o := j.coreWithShutdown(st, i)
		if got.isAll(o) || interrupted && got.partOf(o) || got.endsEarlier(o) {
			return nil
		}
		if nearest == nil && (got.partOf(o) || got.unavailable(o)) {
			nearest = o
		}
	}
	switch {
	case got.partOf(want) && !want.equals(j.core(st, untimed)):
		return nil
	case nearest != nil:
		return j.noteLoss(st, got, nearest)
	}
	return j.noteLoss(st, got, want)
}

// coreWithShutdown is what the core sends to a client if a shutdown comes before step i.
func (j *judgement) coreWithShutdown(st *stream, i int) *output {
	ref := newReference(j.s.Flags, j.files)
	ref.play(st.withShutdown(i), 0, 0, 0)
	return ref.output(st)
}

// resetAtShutdown fails if a client that was connected before the shutdown, and sent its first request soon
// after it, got no response. A request may be on its way when a server is told to end.
func (j *judgement) resetAtShutdown(st *stream) *Failure {
	const (
		earlier = 10 * time.Millisecond  // it was accepted, or is in the backlog
		soon    = 500 * time.Millisecond // the server still waits
	)
	_, n := expected(st.sent(), j.files)
	if n == 0 || j.faulted() || j.killed > 0 || j.stood() || j.scarce() || hasFlag(j.s.Flags, "-max-conns") || hasFlag(j.s.Flags, "-max-per-ip") ||
		j.again || j.slowNetwork() || j.kicked(st) || st.did(sim.ShutsDown, sim.Closes, sim.Resets) || st.deaf() || j.filesChange() {
		return nil
	}
	at := st.sentAt(n)
	if st.connectedAt() > j.termAt-earlier || at < j.termAt || at > j.termAt+soon || st.slow() || len(st.client.Got) > 0 {
		return nil
	}
	return failed("reset", "%s was connected before the shutdown, sent its request %v after it, and got nothing; its connection ended by %s",
		st.name, at-j.termAt, st.client.End)
}

// judgeRestart starts the server again. It must listen, although connections of the server that has ended
// may be in TIME_WAIT.
func (r *run) judgeRestart(program sim.Program) *Failure {
	if len(r.s.Faults) > 0 || r.scarce() || !r.ready() || r.moved() {
		return nil
	}
	program.Args = append(program.Args, r.s.Flags...)
	again := r.w.Kernel.Start(program)
	r.w.Kernel.Run(firstEvent)
	if _, listens := again.Listening(); !listens {
		return failed("restart", "after its end the server doesn't listen when it is started again: %s", again.Err)
	}
	return nil
}

// closing is the field by which a server says that it reads no further request.
var closing = []byte("Connection: close\r\n")

// endsEarlier reports whether o is the beginning of what the core sends, but with an announced end. A
// server that has more input than it can process in an iteration learns of the shutdown between two requests.
func (o output) endsEarlier(all *output) bool {
	if !bytes.Contains(o.http, closing) {
		return false
	}
	rest := *all
	o.http, rest.http = bytes.ReplaceAll(o.http, closing, nil), bytes.ReplaceAll(all.http, closing, nil)
	return o.begins(&rest)
}

// around are the places in the client's steps, with those first that are near a time.
func (st *stream) around(t time.Duration) (places []int) {
	for i := range len(st.steps) + 1 {
		places = append(places, i)
	}
	at := slices.IndexFunc(st.steps, func(a step) bool { return a.at >= t })
	if at < 0 {
		at = len(st.steps)
	}
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(max(a-at, at-a), max(b-at, at-b)) })
	return places
}

// withShutdown are the steps of the client, with a shutdown before step i.
func (st *stream) withShutdown(i int) (all []happening) {
	for k, a := range st.steps {
		if k == i {
			all = append(all, happening{step: step{at: a.at}, shutdown: true})
		}
		all = append(all, happening{step: a, st: st})
	}
	if i == len(st.steps) {
		all = append(all, happening{step: step{at: st.steps[i-1].at}, shutdown: true})
	}
	return all
}
