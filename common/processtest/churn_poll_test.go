package processtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"threeloops/common/hub"
)

// poller is a member without WebSocket. Its connections may end; it does not.
type poller struct {
	*client
	life
	s       *turmoil
	session string
	since   int // the number that its last answer went up to
	spoken  int // to all
}

// told is an answer to a poller.
type told struct {
	Session  string
	Seq      int
	Messages []json.RawMessage
}

// visits has pollers come and go under one name after the other, until it is over.
func (s *turmoil) visits(name string) error {
	for i := 0; !s.over.Load(); i++ {
		v := &poller{s: s}
		if err := errors.Join(v.connect(), v.enter(fmt.Sprintf("%s.%d", name, i))); err != nil {
			return err
		}
		for n := 5 + rand.IntN(40); n > 0 && !s.over.Load(); n-- {
			if err := v.turn(); err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
		if err := v.part(); err != nil {
			return fmt.Errorf("%s leaves: %w", v.name, err)
		}
	}
	return nil
}

func (v *poller) connect() error {
	c, err := dial(v.s.Addr)
	if err != nil {
		return err
	}
	v.s.dialed.Add(1)
	v.client = c
	return nil
}

// enter joins.
func (v *poller) enter(name string) error {
	v.life = newLife(name)
	a, err := v.posts("join", `{"name":%q}`, name)
	if err != nil {
		return err
	}
	v.session, v.since = a.Session, a.Seq
	for _, p := range a.Messages {
		if _, err := v.greeted(v.s.ledger, p); err != nil {
			return err
		}
	}
	v.first, v.last = a.Seq+1, a.Seq
	if a, err = v.poll(); err != nil {
		return err
	}
	if len(a.Messages) == 0 || typeOf(a.Messages[0]) != "missed" && number(a.Messages[0]) != v.first {
		return fmt.Errorf("%s wants to hear first that it has joined, got %.200s", name, a.Messages)
	}
	return v.take(a)
}

// turn is one of the things that a poller does.
func (v *poller) turn() error {
	switch rand.IntN(12) {
	case 0:
		_, err := v.posts("send", `{"session":%q,"text":"%d 0 by a poller"}`, v.session, v.spoken)
		v.spoken++
		return err
	case 1:
		_, err := v.posts("send", `{"session":%q,"to":%q,"text":"psst"}`, v.session, v.s.witnesses[0].name)
		return err
	case 2: // it goes away while it waits, and comes back
		if err := v.asks(v.since); err != nil {
			return err
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		v.reset()
		return v.connect()
	case 3:
		if !v.s.kills {
			break
		}
		v.s.doom(v.client)
		for err := error(nil); err == nil; _, err = v.answer() {
			if err = v.asks(1 << 60); err != nil { // what comes it will ask for again
				break
			}
		}
		v.Close()
		return v.connect()
	}
	a, err := v.poll()
	return errors.Join(err, v.take(a))
}

func (v *poller) asks(since int) error {
	v.SetDeadline(time.Now().Add(time.Minute))
	return v.ask(fmt.Sprintf("/chat/poll?session=%s&since=%d", v.session, since))
}

// poll returns the answer to one.
func (v *poller) poll() (a told, err error) {
	if err := v.asks(v.since); err != nil {
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

func (v *poller) posts(what, format string, args ...any) (a told, err error) {
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

// take hears the messages of an answer.
func (v *poller) take(a told) error {
	for _, p := range a.Messages {
		if typeOf(p) == "missed" {
			v.miss(p)
			continue
		}
		if _, err := v.hears(v.s.ledger, p); err != nil {
			return err
		}
	}
	if a.Seq < v.last {
		return fmt.Errorf("an answer up to %d has entry %d", a.Seq, v.last)
	}
	v.since = a.Seq
	return nil
}

// miss ends an interval, and begins another behind what is not kept any more.
func (v *poller) miss(p []byte) {
	v.s.missed.Add(1)
	v.last = max(v.last, v.since)
	v.s.ledger.close(&v.life)
	v.life = life{name: v.name, first: number(p) + 1, last: number(p), said: -1}
}

// part leaves the room, or only the connection if there is time for that to be
// noticed.
func (v *poller) part() error {
	defer v.Close()
	v.last, v.said = max(v.last, v.since), v.spoken
	v.s.ledger.close(&v.life)
	if time.Until(v.s.end) > hub.PollingTimeout+10*time.Second && rand.IntN(2) == 0 {
		v.s.expired.Add(1)
		return nil
	}
	v.s.quit.Add(1)
	_, err := v.posts("leave", `{"session":%q}`, v.session)
	return err
}
