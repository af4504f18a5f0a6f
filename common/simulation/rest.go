package simulation

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"threeloops/common/sim"
)

// get has a new client send a request, and returns the response. Calls may still fail, so it tries
// again. A request that got no answer in time may be served together with the next one, which the
// counters of that answer show. So an answer counts only if the try before it was answered, too.
func (r *run) get(path string) (status int, body []byte) {
	answered := true
	for range mostTries {
		before := answered
		status, body = r.getOnce(path)
		if answered = status != 0; before && status == http.StatusOK {
			break
		}
		r.w.Kernel.Run(settling + r.stopTime())
	}
	return status, body
}

// mostTries is more than the most calls that a fault makes fail.
const mostTries = 100

func (r *run) getOnce(path string) (status int, body []byte) {
	c := r.w.Kernel.NewClient("last")
	defer c.Close()
	to, ok := r.w.Server.Listening()
	if !ok || c.Connect(to, netip.Addr{}) != nil {
		return 0, nil
	}
	c.Send([]byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	whole := func() bool {
		status, body = responseIn(c.Got)
		return status != 0 || c.End != ""
	}
	// After a call has failed, the server may pause, and a process may be stopped.
	r.w.Kernel.Drive(10*time.Second+r.stopTime(), mostSteps, c.Pump, whole)
	return status, body
}

// responseIn is the response that b begins with, or 0 if it isn't whole.
func responseIn(b []byte) (status int, body []byte) {
	head, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
	_, value, found := bytes.Cut(head, []byte("Content-Length: "))
	value, _, _ = bytes.Cut(value, []byte("\r\n"))
	n, err := strconv.Atoi(string(value))
	if !ok || !found || err != nil || len(rest) < n {
		return 0, nil
	}
	status, _ = strconv.Atoi(string(head[len("HTTP/1.1 "):][:3]))
	return status, rest[:n]
}

// judgeTotals judges the counters after all clients but one have gone.
func (r *run) judgeTotals(body []byte) *Failure {
	var stats struct{ Totals map[string]int }
	if err := json.Unmarshal(body, &stats); err != nil {
		return failed("stats", "%v in %.200s", err, body)
	}
	n := stats.Totals
	for _, name := range []string{"accepted", "closed", "faults", "files", "memory_ended"} {
		if _, ok := n[name]; !ok {
			return failed("stats", "there is no counter %s in %.300s", name, body)
		}
	}
	late := 0 // clients that still read their responses, over a slow network
	for _, st := range r.streams {
		if !st.finished() {
			late++
		}
	}
	if open := n["accepted"] - n["closed"]; open < 1 || open > 1+late || n["faults"] != 0 || n["files"] > late {
		return failed("stats", "at the end %d connections and %d files are open, and there were %d impossible transitions; want 1, 0 and 0",
			open, n["files"], n["faults"])
	}
	return r.judgeBudget(n["memory_ended"])
}

// scarce reports whether there may have been too little of something for all clients: then a client
// may be rejected, or wait.
func (r *run) scarce() bool {
	return r.fewFiles() || r.crowded() || hasFlag(r.s.Flags, "-max-memory") || r.did(sim.Limits)
}

// crowded reports whether clients may still wait for their turn, because there are many more than the server
// serves at the same time. All of them may have come to the same loop.
func (r *run) crowded() bool {
	const (
		many  = 15
		turns = 3 // of silent WebSockets, one after the other
	)
	limit := r.number("-max-conns=", 0)
	return limit > 0 && (len(r.streams) > many || r.loops() > 1 && len(r.streams) > turns*max(1, limit/r.loops()))
}

// fewFiles reports whether the server may have too few descriptors for all clients: one for each, one for a
// file, and some more.
func (r *run) fewFiles() bool { return r.s.Files > 0 && r.s.Files < 3*len(r.streams)+200 }

// did reports whether the scenario has an action.
func (r *run) did(verb sim.Verb) bool {
	return slices.ContainsFunc(r.s.Actions, func(a sim.Action) bool { return a.Verb == verb })
}
