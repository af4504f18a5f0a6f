package simulation

import (
	"bytes"
	"net/http"
	"time"

	"threeloops/common/sim"
)

const (
	listPath         = "/etc/allowed"
	oldHost, newHost = "old.example", "new.example"
)

// lists gives the server an allow list of hosts, which changes while clients ask for hosts in it.
func (g *generator) lists() {
	g.line("flags -hosts=%s", listPath)
	g.at(0, "the file %s becomes %q", listPath, "2\nlocalhost\n"+oldHost+"\n")
	t := g.moment() + 50*time.Millisecond
	g.at(t, "the file %s becomes %q", listPath, "2\nlocalhost\n"+newHost+"\n")
	g.at(t, "SIGHUP")
	for _, name := range []string{"U", "V", "X"} {
		at := max(firstEvent, t-time.Second+g.upTo(4*time.Second))
		g.at(at, "%s connects", name)
		g.at(at+g.upTo(time.Second), "%s sends %q", name, "GET /healthz HTTP/1.1\r\nHost: "+oneOf(g, oldHost, newHost)+"\r\n\r\n")
	}
}

// hostOf is the host of the list that the client asks for, or "".
func (st *stream) hostOf() string {
	for _, host := range []string{oldHost, newHost} {
		if bytes.Contains(st.sent(), []byte("\r\nHost: "+host)) {
			return host
		}
	}
	return ""
}

// judgeList judges the response to a client that asks for a host of the list. The server obeys SIGHUP within
// a moment, and a child that was started before must not serve by the list of that time.
func (j *judgement) judgeList(st *stream) *Failure {
	const moment = 200 * time.Millisecond
	if j.delayed || j.termAt >= 0 || j.kicked(st) || j.faulted() {
		return nil
	}
	changed := time.Duration(-1)
	for _, a := range j.machine {
		if a.verb == sim.SendsSignal && a.signal == sim.SIGHUP {
			changed = a.at
		}
	}
	at := st.sentAt(st.size)
	if changed < 0 || at > changed-moment && st.connectedAt() < changed+moment {
		return nil // a child serves its connection by the list of its start
	}
	want := http.StatusForbidden
	if (st.hostOf() == newHost) == (at > changed) {
		want = http.StatusOK
	}
	if status, _ := responseIn(st.client.Got); status != want {
		return failed("wrong", "%s has asked for the host %s %v after the list was read again: got status %d, want %d",
			st.name, st.hostOf(), at-changed, status, want)
	}
	return nil
}
