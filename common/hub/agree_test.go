package hub

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// call is a call of one of the Hub's methods: an entry of the log that several Hubs follow.
type call struct {
	now   time.Time
	place int
	do    string // "handle", "tick" or "lost"
	m     Message
}

func (c *call) String() string {
	return fmt.Sprintf("%s at %v, place %d, %.300s", c.do, c.now, c.place, fmt.Sprintf("%+v", c.m))
}

// replica is a Hub that follows a log.
type replica struct {
	*Hub
	sent state          // by the last call
	did  map[string]int // how often the Hub sent what
}

func newReplica() *replica {
	r := &replica{did: map[string]int{}}
	r.Hub = New(func(place int, m *Message) {
		r.sent = append(r.sent.num(uint64(place)).message(m), '\n')
		what := fmt.Sprint("kind ", m.Kind)
		if i := slices.IndexFunc(refusals, func(s string) bool { return bytes.Contains(m.Text, []byte(s)) }); i >= 0 && m.Kind == Refused {
			what = refusals[i]
		}
		r.did[what]++
	})
	r.PerPeer = 3
	return r
}

// apply makes a call. Each Hub gets a Message of its own, which is changed afterwards, because it is
// lent.
func (r *replica) apply(c *call) {
	r.sent = r.sent[:0]
	switch c.do {
	case "handle":
		m := c.m
		m.Text = bytes.Clone(m.Text)
		r.Handle(c.now, c.place, &m)
		for i := range m.Text {
			m.Text[i] = '?'
		}
		m = Message{}
	case "tick":
		r.Tick(c.now)
	case "lost":
		r.PlaceLost(c.now, c.place)
	}
}

// author writes a log. dice returns a number below n, and decides everything.
type author struct {
	dice func(n int) int
	now  time.Time
	last uint64 // the last entry of the room, which clients know
}

// names are such that a few of them are equal or invalid.
var names = []string{
	"Ann", "aNN", "Bob", "Cid", "Dan", "Eva", "Weiß", "WEISS", "ΣΑΣ", "σας", "👩\u200d💻", "👩💻", `"quoted\"`,
	"", " Ann", "A\nn", "B\xff", "\u200d", strings.Repeat("é", MaxName+1), strings.Repeat("x", 300),
}

func (a *author) name() string {
	switch n := a.dice(len(names) + 60); {
	case n < len(names):
		return names[n]
	case n%4 == 0:
		return fmt.Sprint(n, strings.Repeat("𝄞", MaxName-2))
	default:
		return fmt.Sprint("member ", n)
	}
}

func (a *author) text() []byte {
	switch a.dice(64) {
	case 0:
		return nil
	case 1:
		return []byte("a\xffb")
	case 2:
		return []byte("\x01\"\\\n\u2028")
	case 3:
		return bytes.Repeat([]byte{'a' + byte(a.dice(26))}, 64*a.dice(256))
	case 4:
		if a.dice(16) == 0 {
			return make([]byte, MaxText+a.dice(3)-2)
		}
	}
	return fmt.Append(nil, "text ", a.dice(256))
}

// conn returns a connection number. Each place uses the same ones.
func (a *author) conn() uint64 {
	if a.dice(64) == 0 {
		return uint64(a.dice(2)) * (1<<64 - 1)
	}
	return uint64(1 + a.dice(12))
}

func (a *author) place() int {
	if a.dice(128) == 0 {
		return 9
	}
	return a.dice(4)
}

// since returns the number of an entry for a Poll.
func (a *author) since() uint64 {
	switch a.dice(8) {
	case 0:
		return uint64(a.dice(256))
	case 1:
		return 1<<64 - 1
	case 2:
		return a.last - min(a.last, 4*uint64(a.dice(256)))
	}
	return a.last
}

// pass moves the time. Mostly a little, but clocks jump.
func (a *author) pass() {
	jumps := []time.Duration{time.Second, PollingTimeout, PollingTimeout - 1, -5 * time.Second, time.Hour, -time.Hour, 1}
	d := time.Duration(a.dice(64)) * time.Millisecond
	if n := a.dice(1024); n < len(jumps) {
		d = jumps[n]
	}
	a.now = a.now.Add(d)
}

// kinds are the kinds that a Hub handles. Those that keep the room full are in it more than once.
var kinds = [...]Kind{
	Join, Join, Join, Say, Say, Say, Say, Leave, Enter, Enter, Poll, Poll, Poll, Poll, Stop, Send, Send, Quit, Announce,
}

// next returns the next call. Most of its fields make sense.
func (a *author) next() *call {
	a.pass()
	c := &call{now: a.now, place: a.place(), do: "handle"}
	switch a.dice(64) {
	case 0:
		c.do = "lost"
		return c
	case 1, 2, 3:
		c.do = "tick"
		return c
	case 4:
		c.m = Message{
			Kind: Kind(a.dice(256)), At: int64(a.dice(256)), From: a.conn(), More: uint32(a.dice(256)), JSON: []byte("{}"),
		}
	default:
		c.m.Kind = kinds[a.dice(len(kinds))]
	}
	c.m.Conn, c.m.Name, c.m.Seq = a.conn(), a.name(), a.since()
	c.m.Token = Token{0: byte(a.dice(24)), 15: byte(a.dice(16) / 15)}
	c.m.Peer = Addr{0: byte(a.dice(6))}
	if (c.m.Kind == Announce || c.m.Kind == Quit) && a.dice(4) > 0 {
		c.m.Kind = Send
	}
	switch c.m.Kind {
	case Say, Send:
		if c.m.Text = a.text(); a.dice(4) == 0 {
			c.m.To = a.name()
		}
	case Announce:
		c.m.Text = a.text()
	}
	return c
}

// pair is two Hubs that follow the same log, which author writes.
type pair struct {
	author
	one, two           *replica
	stateOne, stateTwo state
}

func newPair(dice func(n int) int) *pair {
	return &pair{author: author{dice: dice, now: time.Unix(784111777, 0)}, one: newReplica(), two: newReplica()}
}

// step makes the next call to both Hubs, and checks that they agree.
func (p *pair) step(t *testing.T) *call {
	t.Helper()
	c := p.next()
	p.one.apply(c)
	p.two.apply(c)
	p.last = p.one.last
	if !bytes.Equal(p.one.sent, p.two.sent) {
		t.Fatalf("%v: the messages of the Hubs (-one +two):\n%s", c, cmp.Diff(string(p.one.sent), string(p.two.sent)))
	}
	p.stateOne, p.stateTwo = p.stateOne[:0].hub(p.one.Hub), p.stateTwo[:0].hub(p.two.Hub)
	if !bytes.Equal(p.stateOne, p.stateTwo) {
		t.Fatalf("%v: the states of the Hubs (-one +two):\n%.4000s", c, cmp.Diff(string(p.stateOne), string(p.stateTwo)))
	}
	if fault := p.one.fault(); fault != "" {
		t.Fatalf("%v: %s", c, fault)
	}
	return c
}

// fault returns how the parts of a Hub contradict each other, or "".
func (h *Hub) fault() string {
	sockets, places := 0, make([]int, len(h.places))
	for i, m := range h.members {
		switch {
		case m.index != i || h.memberNamed(m.name) != m:
			return fmt.Sprintf("member %q isn't at its place", m.name)
		case m.polls() && (h.byToken[m.token] != m || m.expires.IsZero() == (m.conn == 0)):
			return fmt.Sprintf("polling member %q can't be found, or expires at %v", m.name, m.expires)
		case m.polls() && m.conn != 0 && (h.waiting[m.connAt] != m || h.polls[m.pollIndex] != m):
			return fmt.Sprintf("the Poll of %q can't be found", m.name)
		case !m.expires.IsZero() && h.due.IsZero():
			return fmt.Sprintf("%q expires at %v, but no Tick is due", m.name, m.expires)
		case !m.polls() && h.byConn[m.connAt] != m:
			return fmt.Sprintf("the WebSocket of %q can't be found", m.name)
		}
		if !m.polls() {
			sockets++
			places[m.place]++
		}
	}
	if len(h.byName) != len(h.members) || len(h.byConn) != sockets || len(h.byToken) != len(h.members)-sockets ||
		len(h.waiting) != len(h.polls) {
		return fmt.Sprintf("%d members, %d names, %d WebSockets, %d tokens, %d connections with a Poll, %d Polls",
			len(h.members), len(h.byName), len(h.byConn), len(h.byToken), len(h.waiting), len(h.polls))
	}
	if !slices.Equal(places, h.places) {
		return fmt.Sprintf("want %v members with a WebSocket at the places, got %v", places, h.places)
	}
	return ""
}

func TestTwoHubsAgree(t *testing.T) {
	steps := 100_000
	if testing.Short() {
		steps = 10_000
	}
	p := newPair(rand.New(rand.NewPCG(1, 2)).IntN)
	most := 0 // members
	for range steps {
		p.step(t)
		most = max(most, len(p.one.members))
	}
	want := slices.Clone(refusals)
	for kind := Welcome; kind <= Announced; kind++ {
		if kind != Refused {
			want = append(want, fmt.Sprint("kind ", kind))
		}
	}
	for _, what := range want {
		if p.one.did[what] < steps/2000 {
			t.Errorf("%q was sent %d times in %d steps: the log isn't a test of it", what, p.one.did[what], steps)
		}
	}
	if most < 40 {
		t.Errorf("the room had at most %d members, want at least 40", most)
	}
	t.Logf("at most %d members; sent: %v", most, p.one.did)
}

// refusals are parts of the reasons in a Refused.
var refusals = []string{
	"token is zero or in use", "this address already has", "is called", "a name has", "a name may have", "already joined",
	"nobody here", "say who you are", "isn't valid UTF-8", NoSession,
}

// FuzzTwoHubs lets the input throw the dice.
func FuzzTwoHubs(f *testing.F) {
	random := rand.NewChaCha8([32]byte{})
	for n := range 4 {
		p := make([]byte, 300*(1+n))
		random.Read(p)
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		dice := func(n int) int {
			if len(p) == 0 {
				return 0
			}
			number := int(p[0]) % n
			p = p[1:]
			return number
		}
		for hubs := newPair(dice); len(p) > 0; {
			hubs.step(t)
		}
	})
}
