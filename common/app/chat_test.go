package app

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/tracetest"
	"threeloops/common/ws"
)

// heard is a message from the room.
type heard struct {
	Type, Name, To, Text string
	Seq, More            int
	Members              []string
}

// party is a loop in memory whose application has a chat room.
type party struct {
	*testing.T
	*tracetest.Loop
	app  *App
	bus  *hub.Local
	sent []hub.Message // messages to the hub
	deaf bool          // hold back the messages to the hub
}

// Post implements hub.Bus. It records the message and passes it on.
func (p *party) Post(now time.Time, m *hub.Message) {
	p.sent = append(p.sent, *m)
	if !p.deaf {
		p.bus.Post(now, m)
	}
}

// undeaf passes on the messages that were held back.
func (p *party) undeaf() {
	p.deaf = false
	for _, m := range slices.Clone(p.sent) {
		p.bus.Post(p.Now(), &m)
	}
}

func newParty(t *testing.T, flags ...string) *party {
	p := &party{T: t, bus: hub.NewLocal()}
	cfg := &session.Config{Stat: new(stat.Slot)}
	if _, err := tracetest.Configure(cfg, flags); err != nil {
		t.Fatal(err)
	}
	p.app = New(Options{Name: "test", Board: make(stat.Board, 1), Bus: p, Random: counting(), MaxMessage: cfg.MaxMessage})
	p.bus.Attach(p.app)
	cfg.App = p.app
	p.Loop = tracetest.NewLoop(cfg)
	t.Cleanup(func() {
		if err := p.Err(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// member is a client of a party.
type member struct {
	*party
	peer   *tracetest.Peer
	frames ws.Reader
}

// enter opens a WebSocket at /chat. If there are items, it sends their bytes after the handshake.
func (p *party) enter(items ...string) *member {
	p.Helper()
	m := &member{party: p, peer: p.Connect()}
	m.frames.Init(ws.Client, 0)
	m.send(append([]string{"handshake /chat"}, items...)...)
	head, rest, _ := strings.Cut(string(m.peer.Read()), "\r\n\r\n")
	if !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		p.Fatalf("want status 101 for the handshake, got %q", head)
	}
	if rest != "" {
		p.Fatalf("want no message before a member joins, got %q", rest)
	}
	return m
}

// join enters, joins, and drops the messages that arrive.
func (p *party) join(name string) *member {
	p.Helper()
	m := p.enter()
	m.say(`{"type":"join","name":"` + name + `"}`)
	m.forget()
	return m
}

func (m *member) send(items ...string) {
	m.peer.Write(tracetest.FromPeer(strings.Join(items, ", ")))
}

// say sends a text message.
func (m *member) say(text string) { m.send(fmt.Sprintf("text %q", text)) }

func (m *member) forget() { m.frames.Init(ws.Client, 0); m.peer.Read() }

// read returns the messages that have arrived. A Close is returned as "close 1000".
func (m *member) read() (all []string) {
	m.Helper()
	for p := m.peer.Read(); ; {
		ev, n := m.frames.Next(p)
		p = p[n:]
		switch ev.Kind {
		case ws.NeedMore:
			return all
		case ws.Data:
			all = append(all, string(ev.Payload))
		case ws.CloseFrame:
			return append(all, fmt.Sprintf("close %d", uint16(ev.Code)))
		default:
			m.Fatalf("want messages, got %+v", ev)
		}
	}
}

// hears checks which messages have arrived. AT in want is replaced by the current time.
func (m *member) hears(want ...string) {
	m.Helper()
	at := fmt.Sprint(m.Now().UnixMilli())
	for i := range want {
		want[i] = strings.Replace(want[i], "AT", at, 1)
	}
	if diff := cmp.Diff(want, m.read()); diff != "" {
		m.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMembersTalkByWebSocket(t *testing.T) {
	p := newParty(t)
	ann := p.enter()
	ann.say(`{"type":"join","name":"Ann"}`)
	ann.hears(`{"type":"welcome","name":"Ann"}`, `{"type":"members","members":[]}`,
		`{"type":"joined","seq":1,"at":AT,"name":"Ann"}`)
	ann.say(`{"type":"say","text":"anybody here?"}`)
	ann.hears(`{"type":"said","seq":2,"at":AT,"name":"Ann","text":"anybody here?"}`)

	bob := p.enter()
	ann.hears()
	bob.say(`{"name":"Bob","type":"join"}`)
	ann.hears(`{"type":"joined","seq":3,"at":AT,"name":"Bob"}`)
	bob.hears(`{"type":"welcome","name":"Bob"}`, `{"type":"members","members":["Ann"]}`,
		`{"type":"said","seq":2,"at":AT,"name":"Ann","text":"anybody here?"}`,
		`{"type":"joined","seq":3,"at":AT,"name":"Bob"}`)

	eve := p.join("Eve")
	ann.forget()
	bob.forget()
	bob.say(`{"type":"say","to":"ann","text":"psst <b>\u0026"}`)
	private := `{"type":"said","seq":5,"at":AT,"name":"Bob","to":"Ann","text":"psst <b>&"}`
	ann.hears(private)
	bob.hears(private)
	eve.hears()

	ann.send(`close 1000`)
	bob.hears(`{"type":"left","seq":6,"at":AT,"name":"Ann"}`)
	eve.peer.Reset()
	bob.hears(`{"type":"left","seq":7,"at":AT,"name":"Eve"}`)
}

func TestAnInvalidMessageGetsAnErrorMessage(t *testing.T) {
	ann := newParty(t).join("Ann")
	long := strings.Repeat("x", hub.MaxNameBytes+1)
	for text, want := range map[string]string{
		``:                                       `that isn't a JSON object: it has no end`,
		`{`:                                      `that isn't a JSON object: it has no end`,
		`{"type":"say","text":"half`:             `that isn't a JSON object: it has no end`,
		`{"type":"say","text":"half"`:            `that isn't a JSON object: it has no end`,
		`hello`:                                  `that isn't a JSON object: invalid character 'h'`,
		`{"type":"say",}`:                        `that isn't a JSON object: invalid character '}'`,
		`{type:"say"}`:                           `that isn't a JSON object: invalid character 't'`,
		`[]`:                                     `that is JSON, but not an object`,
		`"say"`:                                  `that is JSON, but not an object`,
		`{} {}`:                                  `there is data after the JSON object`,
		`{}x`:                                    `there is data after the JSON object`,
		`{}`:                                     `type must be "join" or "say"`,
		`{"type":"shout"}`:                       `type must be "join" or "say"`,
		`{"type":"/chat/join"}`:                  `type must be "join" or "say"`,
		`{"type":"say"}`:                         `the message has no text`,
		`{"type":"say","text":""}`:               `the message has no text`,
		`{"type":"say","text":null}`:             `"text" must be a string`,
		`{"type":"say","text":1}`:                `"text" must be a string`,
		`{"type":"say","text":["a"]}`:            `"text" must be a string`,
		`{"type":"say","text":{"a":1}}`:          `"text" must be a string`,
		`{"type":"say","Text":"a"}`:              `the key "Text" isn't allowed here`,
		`{"type":"say","text":"a","text":"b"}`:   `the key "text" appears twice`,
		`{"type":"say","text":"a","name":"Bob"}`: `the key "name" isn't allowed here`,
		`{"type":"join","name":"a","text":"b"}`:  `the key "text" isn't allowed here`,
		`{"type":"join","name":"a","session":"b"}`:      `the key "session" isn't allowed here`,
		`{"type":"join","name":"` + long + `"}`:         `a name has 1 to 32 characters`,
		`{"type":"say","text":"a","to":"` + long + `"}`: `a name has 1 to 32 characters`,
		`{"` + long + `":1}`:                            `the key "` + long[:40] + `" isn't allowed here`,
		`{"type":"join","name":"Bob"}`:                  `you have already joined`,
		`{"type":"say","text":"a","to":""}`:             `"to" must be a name: leave it out to write to everybody`,
		`{"type":"say","text":"a","to":"Zoe"}`:          `nobody here has that name`,
	} {
		ann.say(text)
		got := ann.read()
		var h heard
		if len(got) != 1 || json.Unmarshal([]byte(got[0]), &h) != nil || h.Type != "error" ||
			!strings.HasPrefix(h.Text, want) || strings.Contains(h.Text, "\n") {
			t.Errorf("%.60s: want the error %q, got %q", text, want, got)
		}
	}
	ann.say(`{"type":"say","text":"still here"}`)
	ann.hears(`{"type":"said","seq":2,"at":AT,"name":"Ann","text":"still here"}`)
}

func TestAClientThatHasNotJoinedIsNotAMember(t *testing.T) {
	p := newParty(t)
	guest := p.enter()
	ann := p.join("Ann")
	ann.say(`{"type":"say","text":"hello"}`)
	guest.hears()
	guest.say(`{"type":"say","text":"hello"}`)
	guest.hears(`{"type":"error","text":"say who you are first"}`)
	ann.forget()
	guest.send(`close 1000`)
	ann.hears()
}

func TestAMessageIsTextOfAtMost20KiB(t *testing.T) {
	p := newParty(t)
	ann, bob := p.join("Ann"), p.join("Bob")
	ann.forget()
	text := strings.Repeat("x", 20<<10-len(`{"type":"say","text":""}`))
	ann.say(`{"type":"say","text":"` + text + `"}`)
	bob.hears(`{"type":"said","seq":3,"at":AT,"name":"Ann","text":"` + text + `"}`)
	ann.forget()
	ann.say(`{"type":"say","text":"` + text + `x"}`)
	ann.hears("close 1009")
	bob.hears(`{"type":"left","seq":4,"at":AT,"name":"Ann"}`)
	bob.send(`binary "{}"`)
	bob.hears("close 1003")

	eve := newParty(t, "-max-message=100").join("Eve")
	eve.say(`{"type":"say","text":"` + text[:100] + `"}`)
	eve.hears("close 1009")
}

// Every accepted message fits a message between processes, although a name, or the JSON form of a
// text, may be longer than the client's message.
func TestEveryAcceptedMessageFitsADatagram(t *testing.T) {
	name := strings.Repeat("\U0001F600", hub.MaxName)
	p := newParty(t)
	ann := p.join(name)
	room := 20<<10 - len(`{"type":"say","to":"","text":""}`) - len(name)
	for _, piece := range []string{"x", `\u0001`, "\u2028", "<", `\"`, `\ud800`, `\n`, "\U0001F600", "\x7f"} {
		text := strings.Repeat(piece, room/len(piece))
		ann.say(`{"type":"say","to":"` + name + `","text":"` + text + `"}`)
		var h heard
		got := ann.read()
		if len(got) != 1 || json.Unmarshal([]byte(got[0]), &h) != nil || h.Type != "said" {
			t.Fatalf("text of %q: want a message of type said, got %.200q", piece, got)
		}
		m := p.sent[len(p.sent)-1]
		m.Name = name
		if n := len(m.Append(nil)); n > hub.MaxMessage || len(m.Text) > hub.MaxText {
			t.Errorf("text of %q: want at most %d bytes between processes, got %d", piece, hub.MaxMessage, n)
		}
	}
}

func TestASlowMemberIsClosedAndTheOthersGetLeftImmediately(t *testing.T) {
	for _, private := range []bool{false, true} {
		p := newParty(t, "-max-message=100000")
		ann, bob, eve := p.join("Ann"), p.join("Bob"), p.join("Eve")
		ann.forget()
		bob.forget()
		eve.peer.Stall()
		said, text := 0, strings.Repeat("x", 20_000)
		order := `{"type":"say","text":"` + text + `"}`
		if private {
			order = `{"type":"say","to":"Eve","text":"` + text + `"}`
		}
		for left := false; !left; said++ {
			ann.say(order)
			for _, m := range ann.read() {
				left = left || strings.Contains(m, `"type":"left"`) && strings.Contains(m, `"name":"Eve"`)
			}
			if said > 100 {
				t.Fatalf("private %v: Eve should have left, but hasn't after %d messages", private, said)
			}
		}
		// Her socket has 128 KiB, and the queue has as many bytes as the limit allows.
		if held := said * 20_000; held < 100_000+1<<20 || held > 100_000+1<<20+300_000 {
			t.Errorf("private %v: want her closed when 1 MiB and a message are queued, but %d bytes were", private, held)
		}
		if n := len(p.app.guests); n != 2 {
			t.Errorf("private %v: want two guests left, got %d", private, n)
		}
		if got := bob.read(); !private && len(got) != said+1 {
			t.Errorf("want Bob to get %d messages and one that Eve left, got %d messages", said, len(got))
		}
		if got := eve.read(); len(got) != said+1 || got[said] != "close 1013" {
			t.Errorf("private %v: want Eve to read %d messages and a Close with 1013, got %d and %.20q",
				private, said, len(got)-1, got[len(got)-1])
		}
	}
}

func TestMembersAreListedInTheOrderOfJoining(t *testing.T) {
	p := newParty(t)
	for _, name := range []string{"f", "c", "a", "e", "b", "d"} {
		p.join(name)
	}
	m := p.enter()
	m.say(`{"type":"join","name":"x"}`)
	m.hears(`{"type":"welcome","name":"x"}`, `{"type":"members","members":["f","c","a","e","b","d"]}`,
		`{"type":"joined","seq":7,"at":AT,"name":"x"}`)
}

// The hub sends an entry to several connections, one after another: a private message to its two
// members, and every entry to the waiting polls.
func TestAnEntryForManyIsRenderedOnce(t *testing.T) {
	a := local(nil)
	said := hub.Message{Kind: hub.Said, Seq: 5, Text: []byte("x")}
	first := a.render(&said)
	said.Conn = 7
	if a.render(&said) != first {
		t.Error("want the same frame for the next connection")
	}
	if got := a.render(&hub.Message{Kind: hub.Welcome, Seq: 5}); got == first {
		t.Error("want another frame for a Welcome with the same number")
	}
}

// A guest that sends faster than the hub handles its messages has to wait, and no message is lost.
func TestAFloodingMemberIsPaused(t *testing.T) {
	p := newParty(t)
	ann := p.join("Ann")
	ann.say(`{"type":"say","text":"Bob gets this when he joins"}`)
	bob := p.join("Bob")
	ann.say(`{"type":"say","to":"Bob","text":"comes back once"}`)
	ann.say(`{"type":"say","to":"Ann","text":"comes back once, too"}`)
	ann.say(`{"type":"say","to":"Zoe","text":"is refused"}`)
	bob.send(`close 1000`)
	ann.forget()
	p.deaf, p.sent = true, nil
	var want []string
	for i := range 5 * maxUnderway {
		ann.say(fmt.Sprintf(`{"type":"say","text":"%d"}`, i))
		want = append(want, fmt.Sprintf(`{"type":"said","seq":%d,"at":AT,"name":"Ann","text":"%d"}`, 7+i, i))
	}
	if len(p.sent) != maxUnderway {
		t.Errorf("want %d messages sent to the hub, got %d", maxUnderway, len(p.sent))
	}
	ann.hears()
	p.undeaf()
	ann.hears(want...)
}

// Responses keep the order of the messages, however long the hub takes. Invalid messages count as
// underway too.
func TestErrorMessagesKeepTheOrderOfTheMessages(t *testing.T) {
	p := newParty(t)
	ann := p.join("Ann")
	p.deaf, p.sent = true, nil
	for range maxUnderway { // half of the messages aren't read
		ann.say(`{"type":"say","text":"a"}`)
		ann.say(`hello`)
		ann.say(`{"type":"say","to":"Zoe","text":"b"}`)
		ann.say(`{}`)
	}
	if len(p.sent) != maxUnderway/2 {
		t.Errorf("want %d messages sent to the hub, got %d", maxUnderway/2, len(p.sent))
	}
	ann.hears()
	p.undeaf()
	var want []string
	for i := range maxUnderway {
		want = append(want, fmt.Sprintf(`{"type":"said","seq":%d,"at":AT,"name":"Ann","text":"a"}`, 2+i),
			`{"type":"error","text":"that isn't a JSON object: invalid character 'h' looking for beginning of value"}`,
			`{"type":"error","text":"nobody here has that name"}`,
			`{"type":"error","text":"type must be \"join\" or \"say\""}`)
	}
	ann.hears(want...)
	ann.say(`{}`)
	ann.hears(want[3])
}

func TestARefusedHandshakeLeavesNoGuest(t *testing.T) {
	p := newParty(t)
	c := p.Connect()
	c.Write(tracetest.FromPeer(`get /chat`))
	if got := string(c.Read()); !strings.HasPrefix(got, "HTTP/1.1 426 ") {
		t.Errorf("want 426, got %.100q", got)
	}
	c.Write(tracetest.FromPeer(`handshake /echo, text "{}"`))
	if got := string(c.Read()); !strings.HasSuffix(got, "\r\n\r\n\x81\x02{}") {
		t.Errorf("want an echo, got %q", got)
	}
}

// A broadcast allocates only what all members share.
func TestABroadcastIsEncodedOnce(t *testing.T) {
	allocated := func(members int) float64 {
		a := local(nil)
		all := make([]*session.Session, members)
		cfg := &session.Config{App: a, Stat: new(stat.Slot)}
		tracetest.Configure(cfg, nil)
		v := make([][]byte, 4)
		drain := func() {
			for _, s := range all {
				for b := s.Next(v); !b.Empty(); b = s.Next(v) {
					n := 0
					for _, p := range b.Bytes {
						n += len(p)
					}
					s.Sent(birth, n)
				}
			}
		}
		for i := range all {
			all[i] = session.New(cfg, uint64(1+i), birth, nil)
		}
		for i, s := range all {
			s.Feed(birth, tracetest.FromPeer(fmt.Sprintf(
				`offer /chat "permessage-deflate", text "{\"type\":\"join\",\"name\":\"%d\"}"`, i)))
			drain()
		}
		text, seq := make([]byte, 1000), uint64(1<<32)
		return testing.AllocsPerRun(100, func() {
			seq++
			a.Deliver(birth, &hub.Message{Kind: hub.Said, Seq: seq, Name: "0", Text: text})
			drain()
		})
	}
	if one, many := allocated(1), allocated(100); many > one+2 {
		t.Errorf("want as many allocations for 100 members as for one, got %.1f and %.1f", many, one)
	}
}

// A hub in another process may handle a guest's Join after the guest has disconnected.
func TestAClientThatDisconnectsBeforeWelcomeIsNotAMember(t *testing.T) {
	p := newParty(t)
	p.deaf = true
	ann := p.enter()
	ann.say(`{"type":"join","name":"Ann"}`)
	ann.peer.Reset()
	p.undeaf()
	again := p.enter()
	again.say(`{"type":"join","name":"Ann"}`)
	again.hears(`{"type":"welcome","name":"Ann"}`, `{"type":"members","members":[]}`,
		`{"type":"joined","seq":3,"at":AT,"name":"Ann"}`)
}

func TestTheOperatorsTextIsJSONInTheRoom(t *testing.T) {
	p := newParty(t)
	m := p.join("Ann")
	p.Operate(m.peer, func(s *session.Session, now time.Time) {
		if !s.SendOperatorText(now, []byte("say \"hello\"\n<&>")) {
			t.Error("SendOperatorText returned false")
		}
	})
	got := string(m.peer.Read())
	if want := `{"type":"operator","text":"say \"hello\"\n<&>"}`; !strings.HasSuffix(got, want) {
		t.Errorf("want a text with %s, got %q", want, got)
	}
}

// A broadcast goes through the list, so the list must have each guest once.
func TestTheListOfGuestsMatchesTheGuests(t *testing.T) {
	p := newParty(t)
	var all []*member
	for i := range 40 {
		all = append(all, p.join(fmt.Sprint("member ", i)))
		if i%3 == 2 {
			gone := i * 7 % len(all)
			all[gone].peer.Reset()
			all = slices.Delete(all, gone, gone+1)
		}
		if len(p.app.guestList) != len(all) || len(p.app.guests) != len(all) {
			t.Fatalf("after %d guests: %d in the list and %d in the map, want %d",
				i+1, len(p.app.guestList), len(p.app.guests), len(all))
		}
		for at, g := range p.app.guestList {
			if g.index != at || p.app.guests[g.conn.ID()] != g {
				t.Fatalf("after %d guests: the guest at %d has the index %d, or isn't in the map", i+1, at, g.index)
			}
		}
	}
}
