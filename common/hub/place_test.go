package hub_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
)

// Places may be servers on different machines. Each counts its connections from 1.
func TestTwoPlacesMayUseTheSameConnectionNumbers(t *testing.T) {
	r := newRoom()
	join := func(place int, name string) {
		r.Handle(r.now, place, &hub.Message{Kind: hub.Join, Conn: 1, Name: name})
	}
	join(0, "Ann")
	join(1, "Bob")
	r.want(t, "0: welcome for 1 Ann", "0: present for 1", "0: joined #1 Ann",
		`1: welcome for 1 #1 Bob`, `1: present for 1 "\"Ann\""`, "0: joined #2 Bob", "1: joined #2 Bob")
	r.at(t, 1, say(1, "", "I am Bob"), `0: said #3 Bob "I am Bob"`, `1: said #3 Bob "I am Bob"`)
	r.at(t, 0, say(1, "Bob", "psst"), `0: said for 1 #4 Ann to Bob "psst"`, `1: said for 1 #4 Ann to Bob "psst"`)
	r.at(t, 2, say(1, "", "?"), `2: refused for 1 "say who you are first"`)
	r.at(t, 2, hub.Message{Kind: hub.Leave, Conn: 1})
	r.at(t, 0, hub.Message{Kind: hub.Leave, Conn: 1}, "1: left #5 Ann")
	join(0, "Ann")
	r.lines = nil
	r.PlaceLost(r.now, 0)
	r.want(t, "1: left #7 Ann")
	r.at(t, 1, say(1, "", "still here"), `1: said #8 Bob "still here"`)
}

func TestPollsWithTheSameConnectionNumberWaitAtTheirPlaces(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	pol, eva := r.enter(t, "Pol"), r.enter(t, "Eva")
	poll := func(token hub.Token) hub.Message {
		return hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: token}
	}
	r.at(t, 8, poll(pol))
	r.at(t, 9, poll(eva))
	r.at(t, 7, hub.Message{Kind: hub.Stop, Conn: 80})
	r.at(t, 9, hub.Message{Kind: hub.Stop, Conn: 80}, "9: done for 80 #3")
	r.at(t, 9, poll(eva))
	r.PlaceLost(r.now, 9)
	r.at(t, 0, say(1, "", "hello"), `0: said #4 Ann "hello"`, `8: said for 80 #4 Ann "hello"`, "8: done for 80 #4")
}

// An application counts which of its own connections' messages have come back. From is how it knows
// them, so it must not be told another place's numbers.
func TestOnlyTheSendersPlaceIsToldTheSendersConnection(t *testing.T) {
	var got []string
	h := hub.New(func(place int, m *hub.Message) {
		got = append(got, fmt.Sprintf("%d: %s from %d", place, line(m), m.From))
	})
	handle := func(place int, m hub.Message, want ...string) {
		t.Helper()
		got = nil
		h.Handle(start, place, &m)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("messages from the Hub (-want +got):\n%s", diff)
		}
	}
	pol := hub.Token{1}
	handle(0, hub.Message{Kind: hub.Join, Conn: 1, Name: "Ann"},
		"0: welcome for 1 Ann from 0", "0: present for 1 from 0", "0: joined #1 Ann from 1")
	handle(0, say(1, "", "hello"), `0: said #2 Ann "hello" from 1`)
	handle(3, hub.Message{Kind: hub.Join, Conn: 1, Name: "Bob"},
		"3: welcome for 1 #2 Bob from 0", `3: present for 1 "\"Ann\"" from 0`, `3: said for 1 #2 Ann "hello" from 0`,
		"0: joined #3 Bob from 0", "3: joined #3 Bob from 1")
	handle(0, say(1, "Bob", "psst"), `0: said for 1 #4 Ann to Bob "psst" from 1`, `3: said for 1 #4 Ann to Bob "psst" from 0`)
	h.Handle(start, 3, &hub.Message{Kind: hub.Enter, Conn: 2, Name: "Pol", Token: pol})
	handle(0, hub.Message{Kind: hub.Poll, Conn: 1, Seq: 5, Token: pol})
	handle(0, say(1, "", "again"), `0: said #6 Ann "again" from 1`, `3: said #6 Ann "again" from 0`,
		`0: said for 1 #6 Ann "again" from 0`, "0: done for 1 #6 from 0")
	handle(0, hub.Message{Kind: hub.Poll, Conn: 1, Seq: 5, Token: pol},
		`0: said for 1 #6 Ann "again" from 0`, "0: done for 1 #6 from 0")
}

// The place draws the Token. So a client that has taken a place's process over can choose it.
func TestANewMemberNeedsATokenOfItsOwn(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	pol := r.enter(t, "Pol")
	enter := func(token hub.Token) hub.Message {
		return hub.Message{Kind: hub.Enter, Conn: 70, Name: "Eve", Token: token}
	}
	const refused = `7: refused for 70 "the new session's token is zero or in use"`
	r.at(t, 7, enter(hub.Token{}), refused)
	r.at(t, 7, enter(pol), refused)
	r.at(t, 8, hub.Message{Kind: hub.Send, Conn: 80, Token: pol, Text: []byte("I am Pol")},
		`0: said #3 Pol "I am Pol"`, "8: done for 80 #3")
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3}, `8: refused for 80 "`+hub.NoSession+`"`)
}

// A correct place waits for the response before it asks again on the same connection. The Hub must
// not lose a member if another place doesn't.
func TestAConnectionHasOneWaitingPoll(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	pol, eva := r.enter(t, "Pol"), r.enter(t, "Eva")
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: pol})
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: eva}, "8: done for 80 #3")
	r.PlaceLost(r.now, 8)
	for range 2 { // both expire
		r.now = r.now.Add(hub.PollingTimeout)
		r.Tick(r.now)
	}
	r.want(t, "0: left #4 Pol", "0: left #5 Eva")
}

// The answer to connection 0 would be a message to all members at the place.
func TestAMessageWithoutAConnectionIsDropped(t *testing.T) {
	r := newRoom()
	pol := r.enter(t, "Pol")
	for kind := range hub.Announce {
		r.at(t, 0, hub.Message{Kind: kind, Name: "Ann", Text: []byte("x"), Token: pol, Seq: 1})
	}
}

// A server's clock may be set back between two messages.
func TestTheDeadlineIsNeverAfterTheFirstTimeout(t *testing.T) {
	r := newRoom()
	r.enter(t, "Pol")
	r.now = r.now.Add(-10 * hub.PollingTimeout)
	r.enter(t, "Eva")
	if got, want := r.Deadline(), r.now.Add(hub.PollingTimeout); !got.Equal(want) {
		t.Errorf("Deadline() = %v, want %v", got, want)
	}
}

func TestATurnOfABusyRoomAllocatesLittle(t *testing.T) {
	for _, turn := range turns {
		h, polling := busy(hub.Token{1})
		if n := testing.AllocsPerRun(1000, func() { turn.do(h, polling) }); n > turn.allocated {
			t.Errorf("%s: want at most %v allocations, got %v", turn.title, turn.allocated, n)
		}
	}
}
