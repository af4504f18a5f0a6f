package simulation

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"threeloops/common/hub"
	"threeloops/common/roomtest"
)

// A member that leaves much unread must have left the room.
func TestSlowMembers(t *testing.T) {
	const much = 2 << 20
	for _, tt := range []struct {
		title string
		taken int
		left  bool
		wrong bool
	}{
		{"it reads", -1, false, false},
		{"it is slow", much - 100_000, false, false},
		{"it has left too much unread", 1000, false, true},
		{"it has left too much unread, and the room", 1000, true, false},
	} {
		r := ran(t, "flags -max-message=1000\nat 1s A connects\nat 1s B connects")
		rj := &roomJudge{judgement: &judgement{run: r}, heard: map[int]roomtest.Message{}}
		for i, st := range r.streams {
			g := &guest{stream: st, joined: true, socket: true, name: st.name}
			g.stream.settled, g.taken = much, -1
			if i == 1 {
				g.taken = tt.taken
			}
			rj.guests = append(rj.guests, g)
		}
		if tt.left {
			rj.heard[9] = roomtest.Message{Type: "left", Name: "B"}
		}
		if f := rj.slowMembers(); (f != nil) != tt.wrong {
			t.Errorf("%s: got %v, want a failure: %t", tt.title, f, tt.wrong)
		}
	}
}

func TestALogThatKeepsTooMuch(t *testing.T) {
	r := ran(t, "at 1s S connects\nat 1s S sends \"GET /chat HTTP/1.1\\r\\n\"")
	rj := &roomJudge{judgement: &judgement{run: r}, sizes: map[int]int{1: hub.LogBytes, 2: 100_000, 3: 100_000}}
	for _, tt := range []struct {
		since int
		first string
		wrong bool
	}{
		{0, `{"type":"said"}`, true}, {0, `{"type":"missed"}`, false}, {1, `{"type":"said"}`, false},
	} {
		a := &pollAnswer{Messages: []json.RawMessage{json.RawMessage(tt.first)}}
		if err := rj.tooLong(tt.since, 2*time.Second, a); err != nil {
			t.Errorf("while members may be saying something: %v", err)
		}
		if err := rj.tooLong(tt.since, 9*time.Second, a); (err != nil) != tt.wrong {
			t.Errorf("since %d, first %s: got %v, want an error: %t", tt.since, tt.first, err, tt.wrong)
		}
	}
}

// A host is served by the list of the time at which the client connects.
func TestHostsOfTheList(t *testing.T) {
	const early, late = "at 1s A connects\nat 1s A sends %q\nat 3s SIGHUP", "at 1s SIGHUP\nat 3s A connects\nat 3s A sends %q"
	for _, tt := range []struct {
		title, scenario, host string
		status                int
		wrong                 bool
	}{
		{"an old host, before", early, oldHost, 200, false},
		{"an old host, refused before", early, oldHost, 403, true},
		{"an old host, after", late, oldHost, 200, true},
		{"a new host, before", early, newHost, 403, false},
		{"a new host, after", late, newHost, 200, false},
		{"a new host, refused after", late, newHost, 403, true},
		{"at the same time", "at 1s A connects\nat 1s A sends %q\nat 1100ms SIGHUP", oldHost, 403, false},
	} {
		r := ran(t, fmt.Sprintf(tt.scenario, "GET /healthz HTTP/1.1\r\nHost: "+tt.host+"\r\n\r\n"))
		st := r.streams[0]
		st.client.Got = fmt.Appendf(nil, "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", tt.status)
		if f := (&judgement{run: r}).judgeList(st); (f != nil) != tt.wrong {
			t.Errorf("%s: got %v, want a failure: %t", tt.title, f, tt.wrong)
		}
	}
}
