package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"threeloops/common/hub"
	"threeloops/common/roomtest"
	"threeloops/common/sim"
)

// pollAnswer is the body of a response to a member without a WebSocket.
type pollAnswer struct {
	Seq      int
	Messages []json.RawMessage
}

// polls reads the responses that a member without a WebSocket has received, each with its request.
func (rj *roomJudge) polls(g *guest) error {
	got, left := g.client.Got, false
	for _, a := range g.steps {
		if a.verb != sim.Sends {
			continue
		}
		status, body := responseIn(got)
		// A poll that has arrived at a child that is stopped is lost for the room, which goes on.
		known := g.joined && !rj.childStopped() && !rj.did(sim.SignalsServing) && !bytes.Contains(a.data, []byte("{session}")) && !g.silent()
		if left = left || bytes.HasPrefix(a.data, []byte("POST /chat/leave")); known && !left && status == http.StatusNotFound {
			return fmt.Errorf("its session isn't known any more: %.100q", a.data)
		}
		join := bytes.HasPrefix(a.data, []byte("POST /chat/join"))
		if join && status == http.StatusConflict { // the name, or the last seat of the address, is taken
			got = got[bytes.Index(got, []byte("\r\n\r\n"))+4+len(body):]
			continue
		}
		if status >= http.StatusBadRequest && known && status != http.StatusNotFound && status != http.StatusServiceUnavailable {
			return fmt.Errorf("got status %d for %.200q", status, a.data)
		}
		if status != http.StatusOK {
			return nil // it doesn't know its session, or its server has ended
		}
		i := bytes.Index(got, []byte("\r\n\r\n")) + 4 + len(body)
		got = got[i:]
		var answer pollAnswer
		if err := json.Unmarshal(body, &answer); err != nil {
			return fmt.Errorf("%w in %.200s", err, body)
		}
		if join && g.client.GotAt-a.at < seatedBy { // else it may have got its seat when others had left
			rj.seats = append(rj.seats, a.at)
		} else if left {
			rj.leaves++
		}
		if err := rj.answer(g, string(a.data), a.at, &answer); err != nil {
			return err
		}
	}
	return nil
}

// childStopped reports whether a fault has stopped another process than the server itself.
func (r *run) childStopped() bool {
	return slices.ContainsFunc(r.w.Kernel.Faults(), func(f *sim.Fault) bool {
		return f.Signal == sim.SIGSTOP && f.Happened > 0 && f.Victim != r.w.Server.Pid
	})
}

// silent reports whether the client has said nothing for so long that it may be removed from the room.
func (g *guest) silent() bool {
	const long = 55 * time.Second
	for i := 1; i < len(g.steps); i++ {
		if g.steps[i].at-g.steps[i-1].at > long {
			return true
		}
	}
	return false
}

// answer takes the answer to a request that was sent at a time.
func (rj *roomJudge) answer(g *guest, request string, at time.Duration, a *pollAnswer) error {
	_, query, poll := strings.Cut(request, "&since=")
	switch {
	case strings.HasPrefix(request, "POST /chat/join"):
		_, name, _ := strings.Cut(request, `"name":"`)
		name, _, _ = strings.Cut(name, `"`)
		if g.joined {
			rj.record.Add(&g.Membership)
		}
		g.name, g.Membership = name, roomtest.NewMembership(name)
		for _, p := range a.Messages {
			rj.note(p)
			if _, err := g.ReceiveGreeting(rj.record, p); err != nil {
				return err
			}
		}
		g.First, g.Last, g.joined = a.Seq+1, a.Seq, true
		return nil
	case !poll || !g.joined:
		return nil
	}
	size := 0
	for _, p := range a.Messages {
		size += len(p)
	}
	if size > hub.PollResponseBytes && len(a.Messages) > 1 {
		return fmt.Errorf("the answer to a poll has %d messages with %d bytes, want at most %d", len(a.Messages), size, hub.PollResponseBytes)
	}
	since, _ := strconv.Atoi(query[:strings.IndexByte(query, ' ')])
	if err := rj.tooLong(since, at, a); err != nil {
		return err
	}
	if since > g.Last { // the client has skipped some
		g.skip(rj.record, since)
	}
	for _, p := range a.Messages {
		if roomtest.TypeOf(p) == "operator" {
			if err := rj.judgeNotice(p); err != nil {
				return err
			}
			continue
		}
		rj.note(p)
		switch {
		case roomtest.TypeOf(p) == "missed":
			g.Skip(rj.record, p, since)
		case roomtest.Number(p) <= g.Last: // it has asked for the same twice
		default:
			if _, err := g.Receive(rj.record, p); err != nil {
				return err
			}
		}
	}
	g.Last = max(g.Last, a.Seq)
	return nil
}

// skip ends a membership, and begins another one after an entry.
func (g *guest) skip(l *roomtest.Record, since int) {
	l.Add(&g.Membership)
	g.Membership = roomtest.Membership{Name: g.name, First: since + 1, Last: since, Sent: -1}
}
