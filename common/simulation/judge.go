package simulation

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"threeloops/common/sim"
	"threeloops/common/simtest"
)

// judgeStreams compares what each client has received with what the core sends.
//
// The core plays the clients' actions up to three times: all at one moment, at their times, and at
// times stretched by a quarter. If its output is the same each time, no timeout is involved, and the
// client must have received exactly that. Otherwise the server may have been earlier or later than
// the core, and the client must have received a part of it, and at most a timeout's response more.
func (r *run) judgeStreams() *Failure {
	j := &judgement{run: r, delayed: r.delayed(), allowed: r.harm(), played: map[played]*reference{}}
	for _, judge := range []func() *Failure{r.addressLimit, r.pauses, r.judgeHeld, r.judgeKicks} {
		if f := judge(); f != nil {
			return f
		}
	}
	for _, st := range r.streams {
		if st.again || st.inRoom() {
			continue
		}
		if f := j.stream(st); f != nil {
			return f
		}
	}
	for _, ref := range j.played {
		if err := ref.loop.Err(); err != nil {
			return failed("core", "%v", err)
		}
	}
	return j.room()
}

// How the core plays the clients' actions.
const (
	untimed   = 0
	timed     = 1
	stretched = 1.25
)

// played is a run of the core: how the times are stretched, and with which clients.
type played struct {
	stretch float64
	group   int
}

// groupSize is how many clients the core serves in one run. They don't need each other, and the test's loop
// for the core looks at all of them again and again.
const groupSize = 16

// core is what the core sends to a client.
func (j *judgement) core(st *stream, stretch float64) *output {
	key := played{stretch, slices.Index(j.streams, st) / groupSize}
	ref := j.played[key]
	if ref == nil {
		from := key.group * groupSize
		all, begin := j.happenings(j.streams[from:min(from+groupSize, len(j.streams))])
		if stretch == untimed {
			all = inOnePiece(all)
		}
		ref = newReference(j.s.Flags, j.files)
		ref.play(all, begin, j.settledAt, stretch)
		j.played[key] = ref
	}
	return ref.output(st)
}

// inOnePiece are the same actions, with all that a client sends in one piece. So a fault of the core
// that depends on how the bytes were cut shows in the server alone.
func inOnePiece(all []happening) (joined []happening) {
	first := map[*stream]int{}
	for _, h := range all {
		i, sent := first[h.st]
		switch {
		case h.shutdown || h.verb != sim.Sends:
			joined = append(joined, h)
		case sent:
			joined[i].data = append(joined[i].data, h.data...)
		default:
			first[h.st] = len(joined)
			h.data = bytes.Clone(h.data)
			joined = append(joined, h)
		}
	}
	return joined
}

// judgeHarm fails if more clients were harmed than may be.
func (j *judgement) judgeHarm() *Failure {
	// A shutdown resets the clients in the backlog that the server can't accept any more.
	waiting := j.termAt >= 0 && (hasFlag(j.s.Flags, "-max-conns") || j.rejected() > j.rejectedBefore)
	if len(j.harmed) > j.allowed && !j.scarce() && !waiting {
		return failed("harm", "%d clients didn't get what the core sends them, and only %d faults may harm one:\n%s",
			len(j.harmed), j.allowed, strings.Join(j.harmed, "\n"))
	}
	if most := j.allowed - j.killedEarly(); j.silent > most && j.termAt < 0 && !j.scarce() {
		return failed("harm", "%d clients got nothing, not even 503, and only %d faults explain that:\n%s", j.silent, most,
			strings.Join(j.harmed, "\n"))
	}
	return nil
}

// rejected is how often a fault has kept the server from accepting a client.
func (r *run) rejected() (n int) {
	for _, f := range r.w.Kernel.Faults() {
		if f.Call == "accept4" && f.Errno != sim.EINTR && f.Errno != sim.ECONNABORTED {
			n += f.Happened
		}
	}
	return n
}

// happenings are the actions of those of some clients that the core serves, in their order.
func (r *run) happenings(streams []*stream) (all []happening, begin time.Duration) {
	for _, st := range streams {
		if !st.again && !st.inRoom() {
			for _, a := range st.steps {
				all = append(all, happening{step: a, st: st})
			}
		}
	}
	if r.termAt >= 0 {
		all = append(all, happening{step: step{at: r.termAt}, shutdown: true})
	}
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	if len(all) > 0 {
		begin = all[0].at
	}
	return all, begin
}

// harm is how many clients may be harmed by what has happened.
func (r *run) harm() (n int) {
	n = r.killed
	for _, f := range r.w.Kernel.Faults() {
		if !simtest.Harmless(f) {
			n += f.Happened
		}
	}
	return n
}

// delayed reports whether the server may have been late, as after a signal: then a client gets everything, but not
// within the time of settling, and a timeout may come later.
func (r *run) delayed() bool {
	if r.scarce() || r.mayBeLate() || r.stalled > 0 || r.slowNetwork() || hasFlag(r.s.Flags, "-max-conns") || hasFlag(r.s.Flags, "-defer-accept") {
		return true
	}
	return slices.ContainsFunc(r.machine, func(a step) bool {
		return !slices.Contains([]sim.Verb{sim.Jumps, sim.Types, sim.WritesFile, sim.ReplacesDirectory}, a.verb) && a.signal != sim.SIGCONT && a.signal != sim.SIGHUP
	})
}

// mayBeLate reports whether a fault has happened after which the server does something later. After a
// short read, after EINTR, and after a connection that failed before it was accepted, it goes on
// immediately.
func (r *run) mayBeLate() bool {
	return slices.ContainsFunc(r.w.Kernel.Faults(), func(f *sim.Fault) bool {
		return f.Happened > 0 && (f.Errno != 0 && f.Errno != sim.EINTR || f.Signal != 0) && !r.concernsOneConnection(f)
	})
}

// slowNetwork reports whether each buffer waits for an acknowledgement, which may be delayed.
func (r *run) slowNetwork() bool { return r.s.Buffers > 0 && r.s.Buffers < 100_000 }

// hasFlag reports whether the server was started with a flag.
func hasFlag(flags []string, name string) bool {
	return slices.ContainsFunc(flags, func(f string) bool { return strings.HasPrefix(f, name+"=") })
}

// judgement judges the clients of a run.
type judgement struct {
	*run
	delayed bool
	allowed int      // how many clients may be harmed
	harmed  []string // those that were, and what they got
	silent  int      // those of them that got nothing
	played  map[played]*reference
}

// stream judges one client.
func (j *judgement) stream(st *stream) *Failure {
	switch {
	case !st.finished() && (j.scarce() || j.termAt >= 0 && hasFlag(j.s.Flags, "-defer-accept") && !st.did(sim.Sends)):
		return nil // it may wait in the backlog
	case !st.finished():
		return failed("silence", "%v after the last line the server has not ended the connection of %s, which got %.300q",
			silence, st.name, st.client.Got)
	}
	if st.rejectedWithContent() {
		return failed("wrong", "%s was rejected before its request was read, and the response to a HEAD has content: %.300q", st.name, st.client.Got)
	}
	if j.refused(st) {
		return nil
	}
	all, err := j.judgeByRequests(st)
	if err != nil {
		return failed("wrong", "%s: %v", st.name, err)
	}
	if late := j.overdue(st); late != nil {
		return late
	}
	if late := j.slowlyServed(st); late != nil {
		return late
	}
	if st.hostOf() != "" {
		return j.judgeList(st) // the core has no list
	}
	if j.filesChange() && st.asksForFiles() {
		return nil // the core doesn't know that they change
	}
	return j.byCore(st, all)
}

// byCore compares what a client has received with what the core sends. all reports whether there is a
// response to each request.
func (j *judgement) byCore(st *stream, all bool) *Failure {
	got := j.outputOf(st.client.Got)
	if j.kicked(st) {
		return j.afterKick(st, got)
	}
	if j.termAt >= 0 {
		return j.atShutdown(st, got)
	}
	want := j.core(st, untimed)
	early := got
	if st.settled < len(st.client.Got) {
		early = j.outputOf(st.client.Got[:st.settled])
	}
	prompt := j.delayed || st.deaf() || early.equals(want)
	if prompt && got.isAll(want) {
		if !all && !st.aborts() && st.did(sim.Connects) {
			return failed("wrong", "%s has sent more requests than it got responses: %.300q", st.name, st.client.Got)
		}
		return nil
	}
	if !j.delayed && st.cutOff(got, want) {
		return failed("wrong", "the response to %s isn't whole, and ends with a FIN: %s", st.name, difference(got, want))
	}
	if !j.delayed && !st.deaf() && !st.aborts() && j.certain(st) && !early.equals(j.core(st, timed)) {
		return failed("late or wrong", "%s, %v after the last line: %s", st.name, settling, difference(early, j.core(st, timed)))
	}
	if st.aborts() || j.slowNetwork() || !j.core(st, timed).equals(want) || !j.core(st, stretched).equals(want) {
		if got.partOf(want) || got.partOf(j.core(st, timed)) || got.partOf(j.core(st, stretched)) {
			return nil
		}
	} else if !prompt {
		return failed("late or wrong", "%s, %v after the last line: %s", st.name, settling, difference(early, want))
	}
	return j.noteLoss(st, got, want)
}

// cutOff reports whether a client that didn't read has got the beginning of a long response, and then a
// FIN, as if that were all.
func (st *stream) cutOff(got, want *output) bool {
	const long = 10_000
	return st.deaf() && !st.did(sim.Closes, sim.Resets) && !st.slow() && st.client.End == sim.FIN &&
		len(got.http) > 0 && len(want.http)-len(got.http) > long && !bytes.Contains(got.http, tooSlow)
}

// certain reports whether nothing of what the core sends comes close to a timeout.
func (j *judgement) certain(st *stream) bool {
	want := j.core(st, timed)
	return want.equals(j.core(st, 0.97)) && want.equals(j.core(st, 1.03))
}

// noteLoss notes that a client didn't get what it should. It fails if the client got something else.
func (j *judgement) noteLoss(st *stream, got, want *output) *Failure {
	if !got.partOf(want) && !got.unavailable(want) {
		return failed("wrong", "%s: %s", st.name, difference(got, want))
	}
	if len(st.client.Got) == 0 {
		j.silent++
	}
	j.harmed = append(j.harmed, fmt.Sprintf("%s ended by %s: %s", st.name, st.client.End, difference(got, want)))
	return nil
}

// pinged are the server's pings.
var pinged = regexp.MustCompile(`\(ping frame [^)]*\)`)

// withoutPings is the output without the pings of the server.
func (o output) withoutPings() output {
	o.control = pinged.ReplaceAll(o.control, nil)
	return o
}

// withoutTimeouts is the output without what timeouts have added.
func (o output) withoutTimeouts() output {
	const most = 300 // bytes that a response with 408 has
	end := max(0, len(o.http)-most)
	if i := bytes.LastIndex(o.http[end:], tooSlow); i >= 0 && len(o.messages) == 0 {
		o.http = o.http[:end+i]
	}
	o = o.withoutPings()
	if i := bytes.LastIndex(o.control, []byte("(close")); i >= 0 {
		o.control = o.control[:i]
	}
	return o
}

// isAll reports whether o is all that the core sends, and at most what timeouts have added.
func (o *output) isAll(all *output) bool {
	pingless, short := o.withoutPings(), o.withoutTimeouts()
	return o.equals(all) || pingless.equals(all) || short.equals(all)
}

// partOf reports whether o is a part of what the core sends, with or without what a timeout has
// added to either.
func (o *output) partOf(all *output) bool {
	short, rest := o.withoutTimeouts(), all.withoutTimeouts()
	return o.begins(all) || short.begins(all) || short.begins(&rest)
}

// responseStart begins each response.
var responseStart = []byte("HTTP/1.1 ")

// unavailable reports whether o is what the core sends, up to a response with 503 in the place of another one.
func (o *output) unavailable(all *output) bool {
	same := 0
	for same < min(len(o.http), len(all.http)) && o.http[same] == all.http[same] {
		same++
	}
	i := bytes.LastIndex(o.http[:min(len(o.http), same+len(unavailable))], unavailable)
	return i >= 0 && i <= same && (i == len(all.http) || bytes.HasPrefix(all.http[i:], responseStart))
}

// inRoom reports whether the client asks for the room.
func (st *stream) inRoom() bool { return bytes.Contains(st.firstBytes(), []byte("/chat")) }

// firstBytes are the bytes that the client has sent first.
func (st *stream) firstBytes() (first []byte) {
	for _, a := range st.steps {
		if a.verb == sim.Sends && len(first) < 20 {
			first = append(first, a.data...)
		}
	}
	return first[:min(len(first), 20)]
}

// sent is all that the client has sent.
func (st *stream) sent() (all []byte) {
	for _, a := range st.steps {
		all = append(all, a.data...)
	}
	return all
}

// did reports whether the client did one of these.
func (st *stream) did(verbs ...sim.Verb) bool {
	return slices.ContainsFunc(st.steps, func(a step) bool { return slices.Contains(verbs, a.verb) })
}

// aborts reports whether the client doesn't wait for all responses, or doesn't read them for long
// enough that a write timeout may end the connection.
func (st *stream) aborts() bool {
	const long = 3 * time.Second // less than any write timeout
	var since time.Duration
	deaf := false
	for _, a := range st.steps {
		switch {
		case a.verb == sim.StopsReading && !deaf:
			deaf, since = true, a.at
		case a.verb == sim.Reads && deaf && a.at-since < long:
			deaf, since = a.sip, a.at
		}
	}
	return deaf || st.did(sim.Closes, sim.Resets)
}

// deaf reports whether the client has not read for some time.
func (st *stream) deaf() bool { return st.did(sim.StopsReading) }

// finished reports whether the connection has ended, as far as the client knows.
func (st *stream) finished() bool {
	return st.client.End != "" || st.did(sim.Closes, sim.Resets) || !st.did(sim.Connects)
}

// slow reports whether the client has paused for so long that a timeout may end the connection.
func (st *stream) slow() bool {
	const shortest = 3 * time.Second // of the timeouts that a scenario may have
	for i := 1; i < len(st.steps); i++ {
		if st.steps[i].at-st.steps[i-1].at > shortest-100*time.Millisecond {
			return true
		}
	}
	n := len(st.steps)
	return n > 0 && st.steps[n-1].at-st.steps[0].at > shortest && bytes.HasPrefix(st.client.Got, tooSlow)
}
