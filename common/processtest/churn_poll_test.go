package processtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"threeloops/common/hub"
	"threeloops/common/roomtest"
)

// poller is a member without WebSocket. Its connections may end; it does not.
type poller struct {
	*client
	roomtest.Membership
	churn     *churn
	session   string
	since     int // the number that its last answer went up to
	sentCount int // to all
}

// pollAnswer is an answer to a poller.
type pollAnswer struct {
	Session  string
	Seq      int
	Messages []json.RawMessage
}

// runPoller has pollers join and leave, one after the other, until the churn ends.
func (s *churn) runPoller(name string) error {
	for i := 0; !s.leaving.Load(); i++ {
		v := &poller{churn: s}
		if err := errors.Join(v.connect(), v.enter(fmt.Sprintf("%s.%d", name, i))); err != nil {
			return err
		}
		for n := 5 + rand.IntN(40); n > 0 && !s.leaving.Load(); n-- {
			if err := v.step(); err != nil {
				return fmt.Errorf("%s: %w", v.Name, err)
			}
		}
		if err := v.leaveRoom(); err != nil {
			return fmt.Errorf("%s leaves: %w", v.Name, err)
		}
	}
	return nil
}

func (v *poller) connect() error {
	c, err := dial(v.churn.Addr)
	if err != nil {
		return err
	}
	v.churn.dialed.Add(1)
	v.client = c
	return nil
}

// enter joins.
func (v *poller) enter(name string) error {
	v.Membership = roomtest.NewMembership(name)
	a, err := v.posts("join", `{"name":%q}`, name)
	if err != nil {
		return err
	}
	v.session, v.since = a.Session, a.Seq
	for _, p := range a.Messages {
		if _, err := v.ReceiveGreeting(v.churn.record, p); err != nil {
			return err
		}
	}
	v.First, v.Last = a.Seq+1, a.Seq
	if a, err = v.poll(); err != nil {
		return err
	}
	if len(a.Messages) == 0 || roomtest.TypeOf(a.Messages[0]) != "missed" && roomtest.Number(a.Messages[0]) != v.First {
		return fmt.Errorf("%s wants to hear first that it has joined, got %.200s", name, a.Messages)
	}
	return v.receiveAll(a)
}

// step does one of the things that a poller does.
func (v *poller) step() error {
	switch rand.IntN(12) {
	case 0:
		_, err := v.posts("send", `{"session":%q,"text":"%d 0 by a poller"}`, v.session, v.sentCount)
		v.sentCount++
		return err
	case 1:
		_, err := v.posts("send", `{"session":%q,"to":%q,"text":"psst"}`, v.session, v.churn.observers[0].Name)
		return err
	case 2: // it goes away while it waits, and comes back
		if err := v.askPoll(v.since); err != nil {
			return err
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		v.reset()
		return v.connect()
	case 3:
		if !v.churn.kills {
			break
		}
		v.churn.killLater(v.client)
		for err := error(nil); err == nil; _, err = v.answer() {
			if err = v.askPoll(1 << 60); err != nil { // it asks again for what comes
				break
			}
		}
		v.Close()
		return v.connect()
	}
	a, err := v.poll()
	return errors.Join(err, v.receiveAll(a))
}

func (v *poller) askPoll(since int) error {
	v.SetDeadline(time.Now().Add(time.Minute))
	return v.ask(fmt.Sprintf("/chat/poll?session=%s&since=%d", v.session, since))
}

// poll returns the answer to one.
func (v *poller) poll() (a pollAnswer, err error) {
	if err := v.askPoll(v.since); err != nil {
		return a, err
	}
	r, err := v.answer()
	if err == nil && r.status != http.StatusOK {
		err = fmt.Errorf("want status 200, got %d %s", r.status, r.body)
	}
	if err == nil {
		err = json.Unmarshal(r.body, &a)
	}
	return a, err
}

func (v *poller) posts(what, format string, args ...any) (a pollAnswer, err error) {
	v.SetDeadline(time.Now().Add(time.Minute))
	r, err := v.post("/chat/"+what, fmt.Sprintf(format, args...))
	if err == nil && r.status != http.StatusOK {
		err = fmt.Errorf("want status 200, got %d %s", r.status, r.body)
	}
	if err == nil {
		err = json.Unmarshal(r.body, &a)
	}
	return a, err
}

// receiveAll takes the messages of an answer.
func (v *poller) receiveAll(a pollAnswer) error {
	for _, p := range a.Messages {
		if roomtest.TypeOf(p) == "missed" {
			v.skipMissed(p)
			continue
		}
		if _, err := v.Receive(v.churn.record, p); err != nil {
			return err
		}
	}
	if a.Seq < v.Last {
		return fmt.Errorf("an answer up to %d has entry %d", a.Seq, v.Last)
	}
	v.since = a.Seq
	return nil
}

// skipMissed ends the membership's interval, and begins another after the missed entries.
func (v *poller) skipMissed(p []byte) {
	v.churn.missed.Add(1)
	v.Skip(v.churn.record, p, v.since)
}

// leaveRoom leaves the room, or closes only the connection if there is time for the server
// to notice that.
func (v *poller) leaveRoom() error {
	defer v.Close()
	v.Last, v.Sent = max(v.Last, v.since), v.sentCount
	v.churn.record.Add(&v.Membership)
	if time.Until(v.churn.endsAt) > hub.PollingTimeout+10*time.Second && rand.IntN(2) == 0 {
		v.churn.expired.Add(1)
		return nil
	}
	v.churn.quit.Add(1)
	_, err := v.posts("leave", `{"session":%q}`, v.session)
	return err
}
