package processtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"threeloops/common/roomtest"
	"threeloops/common/ws"
)

// departure is a way in which a member leaves.
type departure struct {
	name      string
	leave     func(m *member) error
	code      ws.Code // of the Close that it must get; 0: nothing is sure
	allHeard  bool    // all messages that it has sent before are delivered
	violation bool    // the server counts it as a violation
}

var departures = []departure{
	{name: "Close", code: ws.NormalClosure, allHeard: true, leave: (*member).sendClose},
	{name: "Close after twenty messages", code: ws.NormalClosure, allHeard: true, leave: func(m *member) error {
		return errors.Join(m.sayMany(20), m.sendClose())
	}},
	{name: "FIN", allHeard: true, leave: func(m *member) error { return m.CloseWrite() }},
	{name: "FIN after twenty messages", allHeard: true, leave: func(m *member) error {
		return errors.Join(m.sayMany(20), m.CloseWrite())
	}},
	{name: "FIN in a frame", allHeard: true, leave: func(m *member) error {
		return errors.Join(m.sendPartOfFrame(), m.CloseWrite())
	}},
	{name: "RST", leave: func(m *member) error { m.reset(); return nil }},
	{name: "RST after twenty messages", leave: func(m *member) error {
		defer m.reset()
		return m.sayMany(20)
	}},
	{name: "RST in a frame", leave: func(m *member) error {
		defer m.reset()
		return m.sendPartOfFrame()
	}},
	{name: "nonsense", code: ws.ProtocolError, allHeard: true, violation: true, leave: func(m *member) error {
		_, err := m.Write([]byte{0xff, 0x80, 0, 0, 0, 0})
		return err
	}},
}

// closeFirst, killed and neverReading are departures that are not left to chance.
var (
	closeFirst   = &departures[0]
	killed       = &departure{name: "SIGKILL"}
	neverReading = &departure{name: "never reading", code: ws.TryAgainLater, allHeard: true}
)

func (m *member) sendClose() error {
	return m.send(ws.Close, ws.AppendClose(nil, ws.NormalClosure, ""))
}

// sendPartOfFrame sends a part of a frame.
func (m *member) sendPartOfFrame() error {
	_, err := m.Write(frame(ws.Text, []byte(`{"type":"say"}`))[:9])
	return err
}

// member is a member of the room with a WebSocket. One goroutine reads; another may
// send messages, or make it leave.
type member struct {
	*client
	roomtest.Membership
	leaving   atomic.Pointer[departure]
	sentCount atomic.Int64 // messages to all
}

// join makes a member.
func (s *churn) join(name string) (*member, error) {
	s.joining <- struct{}{} // forkserv starts a process for each
	defer func() { <-s.joining }()
	c, err := dial(s.Addr)
	if err != nil {
		return nil, err
	}
	s.dialed.Add(1)
	m := &member{client: c, Membership: roomtest.NewMembership(name)}
	if _, err = c.upgradeAt("/chat"); err == nil {
		err = m.joinRoom(s.record)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("%s wants to join: %w", name, err)
	}
	c.SetDeadline(time.Time{})
	return m, nil
}

// joinRoom sends the member's name, and reads all messages up to its own entry.
func (m *member) joinRoom(l *roomtest.Record) error {
	ask := func() error { return m.send(ws.Text, fmt.Appendf(nil, `{"type":"join","name":%q}`, m.Name)) }
	if err := ask(); err != nil {
		return err
	}
	for {
		p, err := m.nextMessage()
		if err != nil {
			return err
		}
		if roomtest.TypeOf(p) == "error" { // the last member with that name may not have left yet
			time.Sleep(10 * time.Millisecond)
			if err := ask(); err != nil {
				return err
			}
			continue
		}
		if done, err := m.ReceiveGreeting(l, p); done || err != nil {
			return err
		}
	}
}

// nextMessage returns the room's next message.
func (m *member) nextMessage() ([]byte, error) {
	ev, err := m.frames.Next()
	switch {
	case err != nil:
		return nil, err
	case ev.Kind == ws.Data:
		return ev.Payload, nil
	case ev.Kind == ws.CloseFrame:
		return nil, closeError(ev.Code)
	}
	return nil, fmt.Errorf("want something to be said, got a %v", ev.Kind)
}

// closeError is a Close that has come.
type closeError ws.Code

func (c closeError) Error() string { return fmt.Sprintf("a Close with %v", ws.Code(c)) }

// readUntilEnd reads until the connection ends, which must happen as the member wanted.
func (s *churn) readUntilEnd(m *member, took func(e roomtest.Entry)) error {
	defer m.Close()
	for {
		p, err := m.nextMessage()
		if err != nil {
			return s.checkEnd(m, err)
		}
		if roomtest.TypeOf(p) == "error" { // the receiver of a private message has left
			s.refused.Add(1)
			continue
		}
		e, err := m.Receive(s.record, p)
		if err != nil {
			return err
		}
		took(e)
	}
}

// checkEnd checks how a member's connection has ended.
func (s *churn) checkEnd(m *member, err error) error {
	how := m.leaving.Load()
	if how == nil {
		return fmt.Errorf("%s wants to stay, got %w", m.Name, err)
	}
	if code, ok := errors.AsType[closeError](err); how.code != 0 && (!ok || ws.Code(code) != how.code) {
		return fmt.Errorf("%s leaves by %s and wants a Close with %v, got %w", m.Name, how.name, how.code, err)
	}
	if how.allHeard {
		m.Sent = int(m.sentCount.Load())
	}
	s.record.Add(&m.Membership)
	return nil
}

// say sends a message to all. round is the entry's round.
func (m *member) say(round int, padding int) error {
	text := fmt.Sprintf(`{"type":"say","text":"%d %d %s"}`, m.sentCount.Add(1)-1, round, strings.Repeat("x", padding))
	return m.send(ws.Text, []byte(text))
}

// sayTo sends a message to one member.
func (m *member) sayTo(name string, padding int) error {
	return m.send(ws.Text, fmt.Appendf(nil, `{"type":"say","to":%q,"text":"psst %s"}`, name, strings.Repeat("y", padding)))
}

// sayMany sends several messages to all.
func (m *member) sayMany(n int) error {
	for range n {
		if err := m.say(0, 0); err != nil {
			return err
		}
	}
	return nil
}

// runGuest has a member join and leave until the churn ends.
func (s *churn) runGuest(name string) error {
	for !s.leaving.Load() {
		m, err := s.join(name)
		if err != nil {
			return err
		}
		if err := m.say(0, 0); err != nil {
			return err
		}
		s.mu.Lock()
		s.guests = append(s.guests, m)
		s.mu.Unlock()
		if err := s.readUntilEnd(m, func(roomtest.Entry) {}); err != nil {
			return err
		}
	}
	return nil
}

// makeLeave makes a guest leave in the given way.
func (s *churn) makeLeave(m *member, how *departure) {
	s.departures[how.name]++
	m.SetDeadline(time.Now().Add(time.Minute))
	m.leaving.Store(how)
	if how == killed {
		s.killLater(m.client)
		return
	}
	if how.violation {
		s.violations++
	}
	// The server may have closed the connection already.
	if err := how.leave(m); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		s.t.Errorf("%s leaves by %s: %v", m.Name, how.name, err)
	}
}

// takeGuest removes a random guest from the list.
func (s *churn) takeGuest() *member {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.guests) == 0 {
		return nil
	}
	i, last := rand.IntN(len(s.guests)), len(s.guests)-1
	m := s.guests[i]
	s.guests[i] = s.guests[last]
	s.guests = s.guests[:last]
	return m
}

// runSlowMember has a member join that reads nothing, and is closed because of that.
func (s *churn) runSlowMember(name string) error {
	m, err := s.join(name)
	if err != nil {
		return err
	}
	m.leaving.Store(neverReading)
	s.mu.Lock()
	s.slow[name] = true
	s.mu.Unlock()
	for end := time.Now().Add(5 * time.Minute); s.record.IsMember(&m.Membership); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%s reads nothing and is still a member", name)
		}
	}
	s.mu.Lock()
	delete(s.slow, name)
	s.mu.Unlock()
	m.SetDeadline(time.Now().Add(time.Minute))
	return s.readUntilEnd(m, func(roomtest.Entry) {})
}
