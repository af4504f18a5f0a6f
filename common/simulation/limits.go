package simulation

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/common/sim"
)

// addressFlag limits the connections of an address to a loop. All clients have the same address.
const addressFlag = "-max-per-ip="

// number is the value of a flag of the scenario, the last one, or otherwise.
func (r *run) number(flag string, otherwise int) int {
	for _, f := range slices.Backward(r.s.Flags) {
		if text, ok := strings.CutPrefix(f, flag); ok {
			if n, err := strconv.Atoi(text); err == nil {
				return n
			}
		}
	}
	return otherwise
}

// loops is how many loops the server has.
func (r *run) loops() int { return r.number("-loops=", 1) }

// connectedAt is when the client has connected, or -1.
func (st *stream) connectedAt() time.Duration {
	if i := slices.IndexFunc(st.steps, func(a step) bool { return a.verb == sim.Connects }); i >= 0 {
		return st.steps[i].at
	}
	return -1
}

// endedAt is when the client has ended its connection, or has learned of its end.
func (r *run) endedAt(st *stream) time.Duration {
	end := r.w.Kernel.Uptime()
	if st.client.End != "" {
		end = st.client.EndAt
	}
	for _, a := range st.steps {
		if a.verb == sim.Closes || a.verb == sim.Resets {
			end = min(end, a.at)
		}
	}
	return end
}

var unavailable = []byte("HTTP/1.1 503 ")

// rejectedWithContent reports whether the client got 503 with content, although its request has the method
// HEAD (RFC 9110 9.3.2).
func (st *stream) rejectedWithContent() bool {
	_, content, _ := bytes.Cut(st.client.Got, []byte("\r\n\r\n"))
	return bytes.HasPrefix(st.client.Got, unavailable) && bytes.HasPrefix(st.sent(), []byte("HEAD ")) && len(content) > 0
}

// refused reports whether the server has refused a client because others had all the connections
// that an address may have.
func (r *run) refused(st *stream) bool {
	limit := r.number(addressFlag, 0)
	if limit == 0 || !bytes.HasPrefix(st.client.Got, unavailable[:min(len(unavailable), len(st.client.Got))]) {
		return false
	}
	others := 0
	for _, o := range r.streams {
		if o != st && (r.delayed() || o.deaf() || o.connectedAt() >= 0 && o.connectedAt() <= st.connectedAt()+time.Second && r.endedAt(o) >= st.connectedAt()-r.closeTime(o)) {
			others++
		}
	}
	return others >= limit
}

// closeTime is the most time until the server closes a connection that has ended. A client that closes
// while it polls may have shut down only one direction, so the server waits until the poll is over.
func (r *run) closeTime(st *stream) time.Duration {
	const pollWait = 25 * time.Second
	d := time.Second + 2*r.timeouts().closing
	if bytes.Contains(st.sent(), []byte("GET /chat/poll")) {
		d += pollWait
	}
	return d
}

// rejectedKept is how many connections of rejected clients may be open for as long as no other client is
// rejected: one of each listener.
func (r *run) rejectedKept() int {
	if r.number(addressFlag, 0) == 0 {
		return 0
	}
	return r.loops()
}

// addressLimit fails if the server has served more clients of an address at the same time than it may.
func (r *run) addressLimit() *Failure {
	limit := r.number(addressFlag, 0) * r.loops()
	served := func(st *stream) bool {
		return !st.again && len(st.client.Got) > 0 && !bytes.HasPrefix(st.client.Got, unavailable)
	}
	if limit == 0 || r.faulted() || hasFlag(r.s.Flags, "-defer-accept") {
		return nil
	}
	for _, st := range r.streams {
		others := 0
		for _, o := range r.streams {
			if o != st && served(o) && !o.deaf() && o.connectedAt() < st.connectedAt() && r.endedAt(o) > r.endedAt(st) {
				others++
			}
		}
		if served(st) && others >= limit {
			return failed("limit", "%s was served while %d others with the same address were, want at most %d", st.name, others, limit)
		}
	}
	return nil
}

// acceptPause is how long a server leaves its backlog alone after accept4 has failed. A connection that
// closes may end the pause.
const acceptPause = 100 * time.Millisecond

// pauses fails if the server has accepted again before a pause was over, or has paused without a reason.
func (r *run) pauses() *Failure {
	if r.termAt >= 0 {
		return nil // each loop accepts what is left in its backlog
	}
	paused := r.scarce() || hasFlag(r.s.Flags, "-max-conns") // for another reason, perhaps
	for _, f := range r.w.Kernel.Faults() {
		paused = paused || f.Call == "accept4" && f.Happened > 0 && !r.concernsOneConnection(f)
	}
	for _, f := range r.w.Kernel.Faults() {
		if took := f.Last - f.First; !paused && r.concernsOneConnection(f) && took >= acceptPause && !r.stood() {
			return failed("pause", "accept4 has failed with %s %d times within %v, and each time the next connection could be accepted",
				f.Errno.Name(), f.Happened, took)
		}
		if f.Call != "accept4" || f.Errno != sim.ENOBUFS && f.Errno != sim.ENOMEM && f.Errno != sim.EPERM {
			continue
		}
		least := time.Duration(f.Happened/r.loops()-1-len(r.streams)) * acceptPause
		if took := f.Last - f.First; took < least {
			return failed("pause", "accept4 has failed %d times within %v, want at least %v", f.Happened, took, least)
		}
	}
	return nil
}

// concernsOneConnection reports whether a fault has made accept4 fail for connections of which the others
// need not wait, and so few times that the server tries again.
func (r *run) concernsOneConnection(f *sim.Fault) bool {
	const most = 60
	all := 0
	for _, f := range r.w.Kernel.Faults() {
		if f.Call == "accept4" {
			all += f.Happened
		}
	}
	return f.Call == "accept4" && f.Happened > 0 && all <= most && slices.Contains(strings.Fields(connectionErrnos), f.Errno.Name())
}

// stood reports whether the server may have stood still.
func (r *run) stood() bool { return r.stalled > 0 || r.stops() || r.stopTime() > 0 }

// tracer notes which processes have read or sent anything, if a fault may kill one. next gets all events,
// too.
func (r *run) tracer(next func(sim.Event)) func(sim.Event) {
	if !slices.ContainsFunc(r.s.Faults, func(f sim.Fault) bool { return f.Signal == sim.SIGKILL }) {
		return next
	}
	r.talked = map[int]bool{}
	return func(e sim.Event) {
		if slices.Contains([]string{"read", "sendto", "sendmsg", "sendfile", "write"}, e.Call) {
			r.talked[e.Pid] = true
		}
		if next != nil {
			next(e)
		}
	}
}

// killedEarly is how many children a fault has killed before they told their parent that they serve. The
// parent still has their connections, and must answer.
func (r *run) killedEarly() (n int) {
	for _, f := range r.w.Kernel.Faults() {
		if f.Signal == sim.SIGKILL && f.Happened > 0 && !r.talked[f.Victim] {
			n++
		}
	}
	return n
}
