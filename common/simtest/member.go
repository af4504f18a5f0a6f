package simtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"threeloops/common/roomtest"
	"threeloops/common/sim"
	"threeloops/common/ws"
)

// departure is a way in which a member leaves.
type departure struct {
	name      string
	leave     func(m *member)
	code      ws.Code // of the Close that it must get; 0: nothing is sure
	allHeard  bool    // all messages that it has sent before are delivered
	violation bool    // the server counts it as a violation
	kill      bool    // it is the server's process that ends

	slow       bool // the room closes the member, because it reads nothing
	readsAgain bool // the member reads again when the room has closed it
}

var departures = []departure{
	{name: "Close", code: ws.NormalClosure, allHeard: true, leave: func(m *member) { m.close(ws.NormalClosure) }},
	{name: "Close after twenty messages", code: ws.NormalClosure, allHeard: true, leave: func(m *member) {
		m.sayMany(20)
		m.close(ws.NormalClosure)
	}},
	{name: "FIN", allHeard: true, leave: func(m *member) { m.CloseWrite() }},
	{name: "FIN after twenty messages", allHeard: true, leave: func(m *member) {
		m.sayMany(20)
		m.CloseWrite()
	}},
	{name: "FIN in a frame", allHeard: true, leave: func(m *member) {
		m.sendPartOfFrame()
		m.CloseWrite()
	}},
	{name: "RST", leave: (*member).cut},
	{name: "RST after twenty messages", leave: func(m *member) {
		m.sayMany(20)
		m.cut()
	}},
	{name: "RST in a frame", leave: func(m *member) {
		m.sendPartOfFrame()
		m.cut()
	}},
	{name: "closing the socket", leave: func(m *member) {
		m.client.leave()
		m.gone()
	}},
	{name: "nonsense", code: ws.ProtocolError, allHeard: true, violation: true, leave: func(m *member) {
		m.Send([]byte{0xff, 0x80, 0, 0, 0, 0})
	}},
	{name: "silence", code: ws.InternalError, allHeard: true, leave: func(m *member) { m.mute = true }},
	{name: "never reading", code: ws.TryAgainLater, allHeard: true, slow: true, readsAgain: true, leave: (*member).stopReading},
	{name: "never reading again", slow: true, leave: func(m *member) {
		m.stopReading()
		m.room.record.Add(&m.Membership) // the test doesn't hear of its end
	}},
	{name: "SIGKILL", kill: true, leave: (*member).kill},
	{name: "SIGKILL after twenty messages", kill: true, leave: func(m *member) {
		m.sayMany(20)
		m.kill()
	}},
}

// member is a member of the room with a WebSocket.
type member struct {
	*client
	roomtest.Membership
	room   *room
	joined bool       // it has received its own entry
	how    *departure // how it leaves; nil: it stays
	said   int        // messages to all
	ended  func(m *member)
}

// join has a member join. ended is called when it has gone.
func (s *room) join(kind string, ended func(m *member)) *member {
	s.named++
	m := &member{client: s.dial(), room: s, Membership: roomtest.NewMembership(fmt.Sprint(kind, " ", s.named)), ended: ended}
	m.onMessage, m.onEnd = m.hear, m.gone
	m.upgrade("/chat")
	m.frame(ws.Text, fmt.Appendf(nil, `{"type":"join","name":%q}`, m.Membership.Name))
	return m
}

// hear takes a message of the room.
func (m *member) hear(p []byte) {
	var err error
	switch {
	case roomtest.TypeOf(p) == "error": // the receiver of a private message has left
		if !m.joined {
			err = fmt.Errorf("it can't join: %s", p)
		}
	case m.joined:
		_, err = m.Receive(m.room.record, p)
	default:
		m.joined, err = m.ReceiveGreeting(m.room.record, p)
	}
	if err != nil {
		m.m.t.Errorf("%s: %v", m.Membership.Name, err)
	}
}

// gone is called when the connection has ended.
func (m *member) gone() {
	switch {
	case m.how == nil:
		m.m.t.Errorf("%s wants to stay, and its connection has ended: %s, Close %d\n%s", m.Membership.Name, m.End, m.closeCode, m.m.log())
	case m.how.code != 0 && m.closeCode != m.how.code:
		m.m.t.Errorf("%s leaves by %s and wants a Close with %v, got %v and %s",
			m.Membership.Name, m.how.name, m.how.code, m.closeCode, m.End)
	case m.how.allHeard:
		m.Sent = m.said
	}
	m.room.record.Add(&m.Membership)
	if m.ended != nil {
		m.ended(m)
	}
}

// ended removes a guest that has gone.
func (s *room) ended(m *member) {
	s.guests = slices.DeleteFunc(s.guests, func(o *member) bool { return o == m })
}

// say sends a message to all. round is the round of the room.
func (m *member) say(round, padding int) {
	m.frame(ws.Text, fmt.Appendf(nil, `{"type":"say","text":"%d %d %s"}`, m.said, round, strings.Repeat("x", padding)))
	m.said++
}

// sayMany sends several messages to all.
func (m *member) sayMany(n int) {
	for range n {
		m.say(0, 0)
	}
}

// sayTo sends a message to one member.
func (m *member) sayTo(name string, padding int) {
	m.frame(ws.Text, fmt.Appendf(nil, `{"type":"say","to":%q,"text":"psst %s"}`, name, strings.Repeat("y", padding)))
}

func (m *member) sendPartOfFrame() { m.Send(frame(ws.Text, []byte(`{"type":"say"}`))[:9]) }

func (m *member) stopReading() {
	m.StopReading()
	m.room.slow = append(m.room.slow, m)
}

// cut ends the connection by a RST.
func (m *member) cut() {
	m.Reset()
	m.m.forget(m.client)
	m.gone()
}

// kill kills the process that serves the member.
func (m *member) kill() {
	p := m.ServedBy()
	if p == nil || p == m.m.server {
		m.m.t.Fatalf("no child of the server serves %s", m.Membership.Name)
	}
	p.Signal(sim.SIGKILL)
	m.room.killed++
}

// totalsOf are the totals in the body of a response to /stats.
func totalsOf(t testing.TB, body []byte) map[string]int {
	var stats struct{ Totals map[string]int }
	if err := json.Unmarshal(body, &stats); err != nil {
		t.Fatalf("/stats: %v in %.200s", err, body)
	}
	return stats.Totals
}
