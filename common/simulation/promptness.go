package simulation

import (
	"time"

	"threeloops/common/sim"
)

// mostDelay is how soon after its last step a client has all that it gets. Nagle's algorithm and a delayed
// acknowledgement cost 40 ms together, and a pause of the listener 100 ms.
const mostDelay = 30 * time.Millisecond

// slowlyServed fails if the last byte has come long after the client's last step, although nothing has
// kept the server from sending it.
func (j *judgement) slowlyServed(st *stream) *Failure {
	const (
		short  = 1500 * time.Millisecond // less than any timeout, after which a response or a Close may come
		little = 50_000                  // bytes that don't fill a buffer, so no acknowledgement is waited for
	)
	if j.s.Buffers > 0 && max(st.settled, st.size) > little || j.delayed || j.termAt >= 0 || st.aborts() || st.deaf() || !st.did(sim.Connects) || len(j.typed("")) > 0 || st.gotAt == 0 {
		return nil
	}
	first, last := st.steps[0].at, st.steps[len(st.steps)-1].at
	if late := st.gotAt - last; last-first < short && late > mostDelay && late < short {
		return failed("late", "%s had its last byte %v after its last step, want at most %v", st.name, late, mostDelay)
	}
	return nil
}
