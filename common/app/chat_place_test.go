package app

import (
	"testing"
	"time"

	"threeloops/common/hub"
)

// The room may be shared with another server, which gives its connections the same numbers as ours.
// The other server's messages aren't those that a guest of ours waits for.
func TestAnotherServersMessageConfirmsNoneOfOurs(t *testing.T) {
	p := newParty(t)
	room := hub.New(func(place int, m *hub.Message) {
		if place == 0 {
			p.app.Deliver(p.Now(), m)
		}
	})
	p.deaf = true // the messages go to room instead
	ann := p.enter()
	ann.say(`{"type":"join","name":"Ann"}`)
	number := p.sent[0].Conn
	room.Handle(p.Now(), 0, &p.sent[0])
	room.Handle(p.Now(), 1, &hub.Message{Kind: hub.Join, Conn: number, Name: "Bob"})
	p.sent = nil
	for range 2 * maxUnderway {
		ann.say(`{"type":"say","text":"hello"}`)
	}
	for range maxUnderway {
		room.Handle(p.Now(), 1, &hub.Message{Kind: hub.Say, Conn: number, Text: []byte("I am Bob")})
	}
	p.Advance(time.Second)
	if len(p.sent) != maxUnderway {
		t.Errorf("want %d messages on their way to the hub, got %d", maxUnderway, len(p.sent))
	}
	if n := p.app.guests[number].unconfirmed; n != maxUnderway {
		t.Errorf("want %d unconfirmed messages, got %d", maxUnderway, n)
	}
}
