package processtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/roomtest"
	"threeloops/common/ws"
)

// heard is what the room sends, without the time.
type heard = roomtest.Message

// speaker is a client in the room, with a WebSocket.
type speaker struct {
	*client
	t    *testing.T
	name string
}

// enter opens a WebSocket in the room.
func (p *Process) enter(t *testing.T) *client {
	t.Helper()
	c, err := dial(p.Addr)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = c.upgradeAt("/chat")
	must(t, err)
	return c
}

// join opens a WebSocket, becomes a member, and reads all messages up to that.
func (p *Process) join(t *testing.T, name string) *speaker {
	t.Helper()
	s := &speaker{p.enter(t), t, name}
	must(t, s.ask("join", "name", name))
	s.until("joined", name)
	return s
}

// ask sends a JSON object: a type, and then names and values.
func (s *speaker) ask(typ string, pairs ...string) error {
	o := map[string]string{"type": typ}
	for i := 0; i < len(pairs); i += 2 {
		o[pairs[i]] = pairs[i+1]
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return s.send(ws.Text, b)
}

func (s *speaker) say(text string) { s.t.Helper(); must(s.t, s.ask("say", "text", text)) }

// next returns what comes next.
func (s *speaker) next() (h heard, err error) {
	ev, err := s.frames.Next()
	switch {
	case err != nil:
		return h, fmt.Errorf("%s wants to hear something, got %w", s.name, err)
	case ev.Kind != ws.Data:
		return h, fmt.Errorf("%s wants to hear something, got a %v with %v", s.name, ev.Kind, ev.Code)
	}
	err = json.Unmarshal(ev.Payload, &h)
	return h, err
}

// until listens up to a message of that type about that name, and returns all
// that came before it.
func (s *speaker) until(typ, name string) (before []heard) {
	s.t.Helper()
	for {
		h, err := s.next()
		must(s.t, err)
		if h.Type == typ && h.Name == name {
			return before
		}
		before = append(before, h)
	}
}

// receives fails unless exactly this comes next, whatever its number is.
func (s *speaker) receives(want heard) {
	s.t.Helper()
	h, err := s.next()
	must(s.t, err)
	h.Seq = 0
	if diff := cmp.Diff(want, h); diff != "" {
		s.t.Fatalf("%s hears (-want +got):\n%s", s.name, diff)
	}
}

// visitor is a client in the room, without one.
type visitor struct {
	*client
	t       *testing.T
	session string
	seq     int
}

// answer is the body of an answer to one.
type answer struct {
	Session  string
	Seq      int
	More     bool
	Messages []heard
}

// visit joins by POST.
func (p *Process) visit(t *testing.T, name string) *visitor {
	t.Helper()
	v := &visitor{t: t}
	v.reconnect(p)
	a := v.posts("join", fmt.Sprintf(`{"name":%q}`, name))
	if len(a.Session) != 32 || strings.Trim(a.Session, "0123456789abcdef") != "" {
		t.Fatalf("want a session of 32 digits, got %q", a.Session)
	}
	v.session = a.Session
	v.seq = a.Seq
	return v
}

// reconnect goes on with another connection.
func (v *visitor) reconnect(p *Process) {
	v.t.Helper()
	c, err := dial(p.Addr)
	must(v.t, err)
	v.t.Cleanup(func() { c.Close() })
	v.client = c
}

func (v *visitor) posts(what, body string) answer {
	v.t.Helper()
	r, err := v.post("/chat/"+what, body)
	must(v.t, err)
	return v.understand(r)
}

func (v *visitor) understand(r reply) (a answer) {
	v.t.Helper()
	if r.status != 200 {
		v.t.Fatalf("want status 200, got %d %s", r.status, r.body)
	}
	must(v.t, json.Unmarshal(r.body, &a))
	return a
}

// says says something to all.
func (v *visitor) says(text string) {
	v.t.Helper()
	v.posts("send", fmt.Sprintf(`{"session":%q,"text":%q}`, v.session, text))
}

// waits sends a poll.
func (v *visitor) waits() {
	v.t.Helper()
	must(v.t, v.ask(fmt.Sprintf("/chat/poll?session=%s&since=%d", v.session, v.seq)))
}

// polled reads its answer.
func (v *visitor) polled() []heard {
	v.t.Helper()
	r, err := v.answer()
	must(v.t, err)
	a := v.understand(r)
	v.seq = a.Seq
	return a.Messages
}
