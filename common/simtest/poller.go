package simtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"threeloops/common/roomtest"
)

// poller is a member without a WebSocket. Its connections may end; it does not.
type poller struct {
	*client
	roomtest.Membership
	room    *room
	session string
	since   int // the number that its last answer went up to
	said    int // messages to all
	polls   int // how many it still makes before it leaves
	heard   bool
}

// pollAnswer is an answer to a poller.
type pollAnswer struct {
	Session  string
	Seq      int
	Messages []json.RawMessage
}

// poll has a poller join.
func (s *room) poll() *poller {
	s.named++
	v := &poller{room: s, Membership: roomtest.NewMembership(fmt.Sprint("poller ", s.named)), polls: 5 + s.rand.IntN(40)}
	v.connect()
	v.ask("join", v.joined, `{"name":%q}`, v.Membership.Name)
	return v
}

func (v *poller) connect() {
	v.client = v.room.dial()
	c := v.client
	c.onEnd = func() {
		v.room.t.Errorf("%s: the server has ended its connection: %s", v.Membership.Name, c.End)
	}
}

// ask sends a POST, and has the answer taken by answered.
func (v *poller) ask(what string, answered func(pollAnswer) error, format string, args ...any) {
	v.expect(answered)
	v.post("/chat/"+what, fmt.Sprintf(format, args...))
}

// expect has the next answer taken by answered.
func (v *poller) expect(answered func(pollAnswer) error) {
	v.onResponse = func(r response) {
		v.onResponse = nil
		var a pollAnswer
		err := json.Unmarshal(r.body, &a)
		if r.status != http.StatusOK {
			err = fmt.Errorf("status %d: %s", r.status, r.body)
		}
		if err == nil {
			err = answered(a)
		}
		if err != nil {
			v.room.t.Errorf("%s: %v", v.Membership.Name, err)
			v.quit()
		}
	}
}

func (v *poller) joined(a pollAnswer) error {
	v.session, v.since = a.Session, a.Seq
	for _, p := range a.Messages {
		if _, err := v.ReceiveGreeting(v.room.record, p); err != nil {
			return err
		}
	}
	v.First, v.Last = a.Seq+1, a.Seq
	v.pollNow()
	return nil
}

func (v *poller) pollNow() {
	v.expect(v.polled)
	v.get(fmt.Sprintf("/chat/poll?session=%s&since=%d", v.session, v.since))
}

// polled takes the messages of an answer.
func (v *poller) polled(a pollAnswer) error {
	if !v.heard && (len(a.Messages) == 0 || roomtest.TypeOf(a.Messages[0]) != "missed" && roomtest.Number(a.Messages[0]) != v.First) {
		return fmt.Errorf("it wants to hear first that it has joined, got %.200s", a.Messages)
	}
	v.heard = true
	for _, p := range a.Messages {
		if roomtest.TypeOf(p) == "missed" {
			v.Skip(v.room.record, p, v.since)
			continue
		}
		if _, err := v.Receive(v.room.record, p); err != nil {
			return err
		}
	}
	if a.Seq < v.Last {
		return fmt.Errorf("an answer up to %d has entry %d", a.Seq, v.Last)
	}
	v.since = a.Seq
	v.next()
	return nil
}

// next does one of the things that a poller does after an answer.
func (v *poller) next() {
	s := v.room
	if v.polls--; v.polls <= 0 || s.leaving {
		v.end()
		return
	}
	switch s.rand.IntN(8) {
	case 0:
		v.ask("send", v.sent, `{"session":%q,"text":"%d 0 by a poller"}`, v.session, v.said)
		v.said++
	case 1:
		v.ask("send", v.sent, `{"session":%q,"to":%q,"text":"psst"}`, v.session, s.observers[0].Membership.Name)
	case 2: // it goes away while it waits, and comes back
		v.pollNow()
		c := v.client
		s.k.After(time.Duration(s.rand.IntN(50))*time.Millisecond, func() {
			if v.client != c || c.onResponse == nil {
				return
			}
			if s.rand.IntN(2) == 0 {
				c.Reset()
			}
			c.Close()
			s.forget(c)
			v.connect()
			v.pollNow()
		})
	default:
		v.pollNow()
	}
}

func (v *poller) sent(pollAnswer) error {
	v.next()
	return nil
}

// end leaves the room, or falls silent, which the room notices after its own timeout.
func (v *poller) end() {
	v.Last, v.Sent = max(v.Last, v.since), v.said
	v.room.record.Add(&v.Membership)
	if v.room.rand.IntN(2) == 0 {
		v.room.silent++
		v.quit()
		return
	}
	v.ask("leave", func(pollAnswer) error { v.quit(); return nil }, `{"session":%q}`, v.session)
}

// quit closes the connection. Another poller joins, unless the room ends.
func (v *poller) quit() {
	s := v.room
	v.leave()
	s.pollers = slices.DeleteFunc(s.pollers, func(o *poller) bool { return o == v })
	if !s.leaving {
		s.pollers = append(s.pollers, s.poll())
	}
}
