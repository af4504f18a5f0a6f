package processtest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/ws"
)

// roomProcesses are the tests of the room.
func roomProcesses(target Target) []process {
	return []process{
		{"a room: every member receives every message once, in one order", deliversInOneOrder},
		{"a room: members come and go", listsMembers},
		{"a room: a private message reaches its sender and its receiver", deliversPrivateMessagesToOne},
		{"a room: a member that never reads is disconnected, and delays nobody", closesMembersThatDoNotRead},
		{"a room: its WebSocket limits subprotocols, types and sizes", limitsTheRoom},
		{"a room without WebSocket: a poll waits for a message", answersPollsLate},
		{"a room without WebSocket: polls miss no message", deliversAllToPollers},
		{"a room without WebSocket: polls get a long log in short answers", answersInParts},
		{"a room without WebSocket: a member outlives its connection", keepsMembershipBetweenPolls},
		{"a room without WebSocket: SIGTERM answers polls", answersPollsAtShutdown},
		{"a room under churn keeps its order, and releases everything", target.survivesChurn},
	}
}

// deliversInOneOrder has several members speak at the same time, and one that never reads.
func deliversInOneOrder(t *testing.T) {
	const members, speakers, each = 10, 4, 150
	p := Launch(t)
	var all []*speaker
	for i := range members {
		all = append(all, p.join(t, fmt.Sprint("member ", i)))
	}
	deaf, err := dialNarrow(p.Addr)
	must(t, err)
	defer deaf.Close()
	_, err = deaf.upgradeAt("/chat")
	must(t, errors.Join(err, (&speaker{deaf, t, "deaf"}).ask("join", "name", "deaf")))
	for i, s := range all {
		s.until("joined", "deaf")
		must(t, s.SetReadDeadline(time.Now().Add(time.Minute)))
		if i >= speakers {
			continue
		}
		go func() {
			for n := range each {
				s.ask("say", "text", fmt.Sprint(n)) // the reader notices what is missing
			}
		}()
	}
	logs := make([][]heard, members)
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() {
			for len(logs[i]) < speakers*each {
				h, err := s.next()
				if err != nil {
					t.Error(err)
					return
				}
				logs[i] = append(logs[i], h)
			}
		})
	}
	wg.Wait()
	next := map[string]int{}
	for i, h := range logs[0] {
		want := heard{Type: "said", Name: h.Name, Text: fmt.Sprint(next[h.Name]), Seq: logs[0][0].Seq + i}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Fatalf("message %d (-want +got):\n%s", i, diff)
		}
		next[h.Name]++
	}
	for i, log := range logs {
		if diff := cmp.Diff(logs[0], log); diff != "" {
			t.Errorf("member %d hears something else than member 0 (-want +got):\n%.2000s", i, diff)
		}
	}
	all[0].say("end") // and nothing came twice
	for _, s := range all {
		s.receives(heard{Type: "said", Name: all[0].name, Text: "end"})
	}
}

// listsMembers has members come, and leave in all ways.
func listsMembers(t *testing.T) {
	p := Launch(t)
	ann := p.join(t, "Ann")
	for i := range 60 {
		ann.say(fmt.Sprint(i))
	}
	var history []heard
	for i := range 60 {
		h, err := ann.next()
		must(t, err)
		if i >= 10 {
			history = append(history, h)
		}
	}
	for name, leave := range map[string]func(s *speaker) error{
		"Clo": func(s *speaker) error { return s.send(ws.Close, ws.AppendClose(nil, ws.NormalClosure, "")) },
		"Fin": func(s *speaker) error { return s.CloseWrite() },
		"Rst": func(s *speaker) error { s.reset(); return nil },
	} {
		s := &speaker{p.enter(t), t, name}
		must(t, s.ask("join", "name", "ann"))
		s.receives(heard{Type: "error", Text: "someone here is called ann already"})
		must(t, s.ask("join", "name", name))
		welcome := []heard{{Type: "welcome", Name: name}, {Type: "members", Members: []string{"Ann"}}}
		want := append(welcome, history...)
		if diff := cmp.Diff(want, s.until("joined", name)); diff != "" {
			t.Errorf("%s is told of what was before (-want +got):\n%.2000s", name, diff)
		}
		ann.receives(heard{Type: "joined", Name: name})
		must(t, leave(s))
		ann.receives(heard{Type: "left", Name: name})
	}
	again := p.join(t, "Clo") // the name is free again
	ann.receives(heard{Type: "joined", Name: "Clo"})
	must(t, again.leave())
	ann.receives(heard{Type: "left", Name: "Clo"})
}

func deliversPrivateMessagesToOne(t *testing.T) {
	p := Launch(t)
	ann, bob, eve := p.join(t, "Ann"), p.join(t, "Bob"), p.join(t, "Eve")
	pol, ear := p.visit(t, "Pol"), p.visit(t, "Ear")
	for _, s := range []*speaker{ann, bob, eve} {
		s.until("joined", "Ear")
	}
	must(t, ann.ask("say", "to", "BOB", "text", "secret"))
	want := heard{Type: "said", Name: "Ann", To: "Bob", Text: "secret"}
	ann.receives(want)
	bob.receives(want)
	pol.posts("send", `{"session":"`+pol.session+`","text":"dear","to":"Ann"}`)
	ann.receives(heard{Type: "said", Name: "Pol", To: "Ann", Text: "dear"})
	must(t, bob.ask("say", "to", "Pol", "text", "reply"))
	bob.receives(heard{Type: "said", Name: "Bob", To: "Pol", Text: "reply"})
	must(t, ann.ask("say", "to", "Zoe", "text", "reply"))
	ann.receives(heard{Type: "error", Text: "nobody here has that name"})
	ann.say("aloud")
	eve.receives(heard{Type: "said", Name: "Ann", Text: "aloud"})

	texts := func(v *visitor) (all string) {
		for !strings.Contains(all, "aloud") {
			v.waits()
			for _, h := range v.polled() {
				all += h.Text + " "
			}
		}
		return strings.TrimSpace(all)
	}
	must(t, equal("what Pol hears", texts(pol), "dear reply aloud"))
	must(t, equal("what another visitor hears", texts(ear), "aloud"))
	late := &speaker{p.enter(t), t, "Late"}
	must(t, late.ask("join", "name", "Late"))
	for _, h := range late.until("joined", "Late") {
		if h.To != "" {
			t.Errorf("a new member gets what was said to %s alone", h.To)
		}
	}
}

// closesMembersThatDoNotRead has members that never read.
func closesMembersThatDoNotRead(t *testing.T) {
	const silent, most = 3, 64 << 20
	p := Launch(t, "-max-message=65536", "-write-timeout=1m")
	ann, bob := p.join(t, "Ann"), p.join(t, "Bob")
	ann.until("joined", "Bob")
	alone := rounds(t, ann, bob)
	var stalled []*speaker
	for i := range silent {
		c, err := dialNarrow(p.Addr)
		must(t, err)
		defer c.Close()
		_, err = c.upgradeAt("/chat")
		s := &speaker{c, t, fmt.Sprint("silent ", i)}
		must(t, errors.Join(err, s.ask("join", "name", s.name)))
		ann.until("joined", s.name)
		bob.until("joined", s.name)
		stalled = append(stalled, s)
	}
	beside := rounds(t, ann, bob)
	for tries := 1; beside < alone/50 && tries < 3; tries++ { // the whole machine may have stood still
		beside = max(beside, rounds(t, ann, bob))
	}
	t.Logf("messages to and fro in half a second: %d alone, %d beside members who don't read", alone, beside)
	if beside < alone/50 {
		t.Errorf("messages beside members who don't read: got %d, want about %d as without them", beside, alone)
	}
	text := strings.Repeat("x", 20_000)
	said, left := 0, 0
	for ; left < silent; said++ {
		if said*len(text) > most {
			t.Fatalf("want all %d who don't read to have left after %d bytes, got %d", silent, most, left)
		}
		ann.say(text)
		left += len(ann.until("said", "Ann"))
	}
	for range said { // in its order: the messages, and that members left
		for _, h := range bob.until("said", "Ann") {
			must(t, equal("between messages", h.Type, "left"))
		}
	}
	ann.say("still here")
	for _, h := range append(ann.until("said", "Ann"), bob.until("said", "Ann")...) {
		must(t, equal("between messages", h.Type, "left"))
	}
	for _, s := range stalled {
		for {
			ev, err := s.frames.Next()
			must(t, err)
			if ev.Kind == ws.Data {
				continue
			}
			must(t, equal("last frame", ev.Kind, ws.CloseFrame))
			must(t, equal("its code", ev.Code, ws.TryAgainLater))
			break
		}
	}
}

// rounds is how many messages of one member reach the other in half a second.
func rounds(t *testing.T, from, to *speaker) (n int) {
	t.Helper()
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); n++ {
		from.say("tick")
		to.receives(heard{Type: "said", Name: from.name, Text: "tick"})
		from.receives(heard{Type: "said", Name: from.name, Text: "tick"})
	}
	return n
}

func limitsTheRoom(t *testing.T) {
	p := Launch(t)
	for _, tt := range []struct{ path, offered, chosen string }{
		{"/chat", "", ""}, {"/chat", "chat", "chat"}, {"/chat", "v1.other, chat", "chat"}, {"/chat", "echo", ""},
		{"/echo", "chat", ""}, {"/echo", "chat, echo", "echo"},
	} {
		c, err := dial(p.Addr)
		must(t, err)
		defer c.Close()
		var more []string
		if tt.offered != "" {
			more = append(more, "Sec-WebSocket-Protocol: "+tt.offered)
		}
		got, err := c.upgradeAt(tt.path, more...)
		must(t, errors.Join(err, equal(tt.path+" where "+tt.offered+" is offered", got, tt.chosen)))
	}

	early, err := dial(p.Addr) // it speaks before its handshake is answered, in the same segment
	must(t, err)
	defer early.Close()
	head := "GET /chat HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(webSocketFields[:], "\r\n") + "\r\n\r\n"
	_, err = early.Write(append([]byte(head), append(frame(ws.Text, []byte(`{"type":"join","name":"Early"}`)),
		frame(ws.Text, []byte(`{"type":"say","text":"first"}`))...)...))
	must(t, err)
	_, err = early.upgraded()
	must(t, err)
	s := &speaker{early, t, "Early"}
	s.until("joined", "Early")
	s.receives(heard{Type: "said", Name: "Early", Text: "first"})

	for code, breach := range map[ws.Code]func(c *client) error{
		ws.UnsupportedData: func(c *client) error { return c.send(ws.Binary, []byte(`{}`)) },
		ws.MessageTooBig:   func(c *client) error { return c.send(ws.Text, make([]byte, 21<<10)) },
	} {
		c := p.enter(t)
		must(t, errors.Join(breach(c), c.closed(code)))
	}
	v := p.visit(t, "Pol")
	reply, err := v.post("/chat/send", `{"session":"`+v.session+`","text":"`+strings.Repeat("x", 21<<10)+`"}`)
	must(t, errors.Join(err, equal("status of a POST of 21 KiB", reply.status, 413)))
}
