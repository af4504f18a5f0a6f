package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
)

var start = time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)

// room is a Hub that records its messages as lines: "place: kind conn ...".
type room struct {
	*hub.Hub
	now   time.Time
	lines []string
	given byte // by newToken
}

func newRoom() *room {
	r := &room{now: start}
	r.Hub = hub.New(func(place int, m *hub.Message) {
		r.lines = append(r.lines, fmt.Sprintf("%d: %s", place, line(m)))
	})
	return r
}

// newToken returns a Token that no member of the room has.
func (r *room) newToken() hub.Token {
	r.given++
	return hub.Token{0: r.given, 15: 1}
}

var kinds = map[hub.Kind]string{
	hub.Welcome: "welcome", hub.Present: "present", hub.Joined: "joined", hub.Left: "left",
	hub.Said: "said", hub.Missed: "missed", hub.Done: "done", hub.Refused: "refused", hub.Announced: "announced",
}

func line(m *hub.Message) string {
	s := kinds[m.Kind]
	if m.Conn != 0 {
		s += fmt.Sprintf(" for %d", m.Conn)
	}
	if m.Seq != 0 {
		s += fmt.Sprintf(" #%d", m.Seq)
	}
	if m.Name != "" {
		s += " " + m.Name
	}
	if m.To != "" {
		s += " to " + m.To
	}
	if len(m.Text) > 0 {
		s += fmt.Sprintf(" %q", m.Text)
	}
	if m.More > 0 {
		s += fmt.Sprintf(" and %d more", m.More)
	}
	return s
}

// at handles a message from a place and compares the recorded lines with want.
func (r *room) at(t *testing.T, place int, m hub.Message, want ...string) {
	t.Helper()
	r.lines = nil
	r.Handle(r.now, place, &m)
	r.want(t, want...)
}

func (r *room) want(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.lines); diff != "" {
		t.Errorf("messages from the Hub (-want +got):\n%s", diff)
	}
	r.lines = nil
}

func (r *room) join(conn uint64, place int, name string) {
	r.Handle(r.now, place, &hub.Message{Kind: hub.Join, Conn: conn, Name: name})
	r.lines = nil
}

func say(conn uint64, to, text string) hub.Message {
	return hub.Message{Kind: hub.Say, Conn: conn, To: to, Text: []byte(text)}
}

func TestANewMemberGetsTheMembersAndTheHistory(t *testing.T) {
	r := newRoom()
	r.at(t, 0, hub.Message{Kind: hub.Join, Conn: 1, Name: "Ann"},
		"0: welcome for 1 Ann", "0: present for 1", "0: joined #1 Ann")
	for i := range 2 * hub.History {
		r.Handle(r.now, 0, ptr(say(1, "", fmt.Sprint(i))))
	}
	r.Handle(r.now, 0, ptr(say(1, "Ann", "to herself")))
	r.lines = nil
	r.Handle(r.now, 1, &hub.Message{Kind: hub.Join, Conn: 2, Name: "Bob"})
	want := []string{"1: welcome for 2 #102 Bob", `1: present for 2 "\"Ann\""`}
	for i := hub.History; i < 2*hub.History; i++ {
		want = append(want, fmt.Sprintf(`1: said for 2 #%d Ann "%d"`, i+2, i))
	}
	r.want(t, append(want, "0: joined #103 Bob", "1: joined #103 Bob")...)
}

func TestAMessageGoesOnceToEachPlaceOrToTwoMembersOnly(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	r.join(2, 3, "Bob")
	r.join(3, 3, "Eve")
	r.at(t, 0, say(1, "", "hello"), `0: said #4 Ann "hello"`, `3: said #4 Ann "hello"`)
	r.at(t, 3, say(2, "ANN", "psst"), `3: said for 2 #5 Bob to Ann "psst"`, `0: said for 1 #5 Bob to Ann "psst"`)
	r.at(t, 3, say(2, "Bob", "hm"), `3: said for 2 #6 Bob to Bob "hm"`)
	r.at(t, 0, say(1, "Zoe", "?"), `0: refused for 1 "nobody here has that name"`)
	r.at(t, 5, say(9, "", "?"), `5: refused for 9 "say who you are first"`)
}

func TestANameBelongsToOneMember(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	refused := func(conn uint64, name, why string) {
		t.Helper()
		r.at(t, 0, hub.Message{Kind: hub.Join, Conn: conn, Name: name}, fmt.Sprintf("0: refused for %d %q", conn, why))
	}
	refused(2, "aNN", "someone here is called aNN already")
	refused(1, "Bob", "you have already joined")
	const form = "a name has 1 to 32 characters, and no space at its ends"
	refused(2, "", form)
	refused(2, " Bob", form)
	refused(2, strings.Repeat("é", 33), form)
	refused(2, "B\xff", form)
	refused(2, "B\nb", "a name may have only printable characters")
	r.at(t, 0, hub.Message{Kind: hub.Leave, Conn: 1})
	r.at(t, 0, hub.Message{Kind: hub.Join, Conn: 2, Name: strings.Repeat("é", 32)},
		"0: welcome for 2 #2 "+strings.Repeat("é", 32), "0: present for 2", "0: joined #3 "+strings.Repeat("é", 32))
}

func TestRemainingMembersGetLeft(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	r.join(2, 1, "Bob")
	r.join(3, 2, "Eve")
	r.at(t, 1, hub.Message{Kind: hub.Leave, Conn: 2}, "0: left #4 Bob", "2: left #4 Bob")
	r.at(t, 1, hub.Message{Kind: hub.Leave, Conn: 2})
	r.PlaceLost(r.now, 2)
	r.want(t, "0: left #5 Eve")
	r.PlaceLost(r.now, 2)
	r.want(t)
}

func ptr(m hub.Message) *hub.Message { return &m }

func (r *room) enter(t *testing.T, name string) hub.Token {
	t.Helper()
	token := r.newToken()
	r.Handle(r.now, 7, &hub.Message{Kind: hub.Enter, Conn: 70, Name: name, Token: token})
	r.lines = nil
	return token
}

func TestAPollingMemberGetsAllEntriesAfterItsCursor(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	r.Handle(r.now, 0, ptr(say(1, "", "early")))
	r.lines = nil
	pol := r.newToken()
	r.at(t, 7, hub.Message{Kind: hub.Enter, Conn: 70, Name: "Pol", Token: pol},
		"7: welcome for 70 #2 Pol", `7: present for 70 "\"Ann\""`, `7: said for 70 #2 Ann "early"`, "7: done for 70 #2", "0: joined #3 Pol")
	poll := func(conn, since uint64) hub.Message {
		return hub.Message{Kind: hub.Poll, Conn: conn, Seq: since, Token: pol}
	}
	r.at(t, 8, poll(80, 2), "8: joined for 80 #3 Pol", "8: done for 80 #3")
	r.at(t, 8, poll(80, 0), "8: joined for 80 #3 Pol", "8: done for 80 #3") // nothing older
	r.at(t, 8, poll(81, 3))
	r.at(t, 0, say(1, "", "hello"), `0: said #4 Ann "hello"`, `8: said for 81 #4 Ann "hello"`, "8: done for 81 #4")
	r.at(t, 8, poll(82, 4))
	r.at(t, 0, say(1, "Ann", "secret"), `0: said for 1 #5 Ann to Ann "secret"`)
	r.at(t, 9, poll(90, 4), "8: done for 82 #5") // only one Poll waits
	r.at(t, 9, hub.Message{Kind: hub.Send, Conn: 91, Token: pol, Text: []byte("hi")},
		`0: said #6 Pol "hi"`, `9: said for 90 #6 Pol "hi"`, "9: done for 90 #6", "9: done for 91 #6")
	r.at(t, 9, hub.Message{Kind: hub.Send, Conn: 91, Token: pol, To: "Zoe"}, `9: refused for 91 "nobody here has that name"`)
	r.at(t, 9, poll(92, 6))
	r.at(t, 9, hub.Message{Kind: hub.Quit, Conn: 93, Token: pol}, "9: done for 92 #6", "0: left #7 Pol", "9: done for 93 #7")
	r.at(t, 9, poll(94, 6), `9: refused for 94 "no such session: it has expired or never existed"`)
}

// Members with a WebSocket get the operator's text without the Hub.
func TestPollingMembersGetTheOperatorsText(t *testing.T) {
	r := newRoom()
	announce := hub.Message{Kind: hub.Announce, Text: []byte("we restart")}
	r.join(1, 0, "Ann")
	r.at(t, 0, announce) // nobody polls, so no number is used
	pol := r.enter(t, "Pol")
	poll := func(conn, since uint64) hub.Message {
		return hub.Message{Kind: hub.Poll, Conn: conn, Seq: since, Token: pol}
	}
	r.at(t, 8, poll(80, 2))
	r.at(t, 0, announce, `8: announced for 80 #3 "we restart"`, "8: done for 80 #3")
	r.at(t, 0, announce)
	r.at(t, 8, poll(81, 3), `8: announced for 81 #4 "we restart"`, "8: done for 81 #4")
	r.at(t, 7, hub.Message{Kind: hub.Enter, Conn: 71, Name: "Zoe", Token: r.newToken()},
		"7: welcome for 71 #4 Zoe", `7: present for 71 "\"Ann\",\"Pol\""`, "7: done for 71 #4", "0: joined #5 Zoe")
	r.at(t, 8, poll(82, 4), "8: joined for 82 #5 Zoe", "8: done for 82 #5")
}

func TestAnEntryHasTheConnectionOfItsSender(t *testing.T) {
	var from []uint64
	pol := hub.Token{1}
	h := hub.New(func(_ int, m *hub.Message) {
		if m.Kind == hub.Said && m.Conn == 0 {
			from = append(from, m.From)
		}
	})
	h.Handle(start, 0, &hub.Message{Kind: hub.Join, Conn: 1, Name: "Ann"})
	h.Handle(start, 1, &hub.Message{Kind: hub.Enter, Conn: 2, Name: "Pol", Token: pol})
	h.Handle(start, 0, ptr(say(1, "", "by a WebSocket")))
	h.Handle(start, 1, &hub.Message{Kind: hub.Send, Conn: 3, Token: pol, Text: []byte("by a request")})
	h.Handle(start, 1, &hub.Message{Kind: hub.Poll, Conn: 4, Seq: 4, Token: pol})
	h.Handle(start, 1, &hub.Message{Kind: hub.Send, Conn: 5, Token: pol, Text: []byte("while another waits")})
	if diff := cmp.Diff([]uint64{1, 0, 0}, from); diff != "" {
		t.Errorf("From of the Said entries (-want +got):\n%s", diff)
	}
}

func TestAWaitingPollEndsWithItsPlaceAndTheMemberStays(t *testing.T) {
	r := newRoom()
	pol := r.enter(t, "Pol")
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 1, Token: pol})
	r.PlaceLost(r.now, 8)
	r.want(t)
	r.join(1, 0, "Ann")
	r.at(t, 9, hub.Message{Kind: hub.Poll, Conn: 90, Seq: 1, Token: pol}, "9: joined for 90 #2 Ann", "9: done for 90 #2")
	r.at(t, 9, hub.Message{Kind: hub.Poll, Conn: 91, Seq: 2, Token: pol})
	r.at(t, 9, hub.Message{Kind: hub.Stop, Conn: 91}, "9: done for 91 #2")
	r.at(t, 9, hub.Message{Kind: hub.Stop, Conn: 91})
	r.at(t, 0, say(1, "", "x"), `0: said #3 Ann "x"`)
}

// The machine has stood still. A member's poll may have arrived in time, and be in a socket.
func TestALateTickGivesPollingMembersMoreTime(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	pol := r.enter(t, "Pol")
	r.enter(t, "Eva")
	r.now = r.now.Add(10 * hub.PollingTimeout)
	r.Tick(r.now)
	r.want(t)
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: pol})
	if d := r.Deadline().Sub(r.now); d <= 0 || d > time.Second {
		t.Errorf("the next Tick is due in %v, want at most a second", d)
	}
	r.now = r.Deadline()
	r.Tick(r.now)
	r.want(t, "0: left #4 Eva", "8: left for 80 #4 Eva", "8: done for 80 #4")
}

func TestAMemberThatStopsPollingLeaves(t *testing.T) {
	r := newRoom()
	r.join(1, 0, "Ann")
	pol := r.enter(t, "Pol")
	r.now = r.now.Add(hub.PollingTimeout - time.Second)
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 2, Token: pol})
	r.now = r.now.Add(time.Hour) // the Poll waits
	r.Tick(r.now)
	r.want(t)
	r.at(t, 8, hub.Message{Kind: hub.Stop, Conn: 80}, "8: done for 80 #2")
	r.now = r.now.Add(hub.PollingTimeout - 1)
	r.Tick(r.now)
	r.want(t)
	r.now = r.Deadline()
	r.Tick(r.now)
	r.want(t, "0: left #3 Pol")
	if d := r.Deadline(); !d.IsZero() {
		t.Errorf("Deadline() = %v although nobody polls, want zero", d)
	}
}

func TestALatePollGetsMissed(t *testing.T) {
	r := newRoom()
	pol := r.enter(t, "Pol")
	r.join(1, 0, "Ann")
	for i := range hub.LogSize {
		r.Handle(r.now, 0, ptr(say(1, "", fmt.Sprint(i))))
	}
	r.lines = nil
	r.Handle(r.now, 8, &hub.Message{Kind: hub.Poll, Conn: 80, Seq: 1, Token: pol})
	if got := r.lines[0]; got != "8: missed for 80 #2" {
		t.Errorf("first line: got %q", got)
	}
	if got := r.lines[1]; got != `8: said for 80 #3 Ann "0"` {
		t.Errorf("second line: got %q", got)
	}
	if got := r.lines[len(r.lines)-1]; got != "8: done for 80 #66 and 1 more" {
		t.Errorf("last line: got %q", got)
	}
}

func TestAWaitingPollSkipsOthersPrivateEntries(t *testing.T) {
	r := newRoom()
	pol := r.enter(t, "Pol")
	r.join(1, 0, "Ann")
	r.join(2, 0, "Bob")
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: pol})
	for i := range hub.LogSize + 1 {
		r.Handle(r.now, 0, ptr(say(1, "Bob", fmt.Sprint(i))))
	}
	r.at(t, 8, hub.Message{Kind: hub.Stop, Conn: 80}, fmt.Sprintf("8: done for 80 #%d", 3+hub.LogSize+1))
	r.at(t, 8, hub.Message{Kind: hub.Poll, Conn: 80, Seq: 3, Token: pol},
		fmt.Sprintf("8: missed for 80 #%d", 4), fmt.Sprintf("8: done for 80 #%d", 3+hub.LogSize+1))
}
