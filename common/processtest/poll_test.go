package processtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
)

// answersPollsLate has a member without WebSocket wait for one that has one.
func answersPollsLate(t *testing.T) {
	p := Launch(t)
	pol := p.visit(t, "Pol")
	pol.waits()
	if diff := cmp.Diff([]heard{{Type: "joined", Name: "Pol", Seq: 1}}, pol.polled()); diff != "" {
		t.Errorf("the first poll (-want +got):\n%s", diff)
	}
	pol.waits()
	_, err := io.WriteString(pol, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") // pipelined
	must(t, err)
	pol.SetReadDeadline(time.Now().Add(100 * time.Millisecond)) // simtest.Timeouts has one wait for longer
	if b, err := pol.in.Peek(1); err == nil {
		t.Fatalf("want the poll to wait, got %q", b)
	}
	pol.SetReadDeadline(time.Now().Add(testTimeout))
	ann := p.join(t, "Ann")
	if diff := cmp.Diff([]heard{{Type: "joined", Name: "Ann", Seq: 2}}, pol.polled()); diff != "" {
		t.Errorf("the second poll (-want +got):\n%s", diff)
	}
	r, err := pol.answer()
	must(t, errors.Join(err, equal("what was requested after the poll", string(r.body), "ok\n")))

	pol.waits()
	second := *pol
	second.reconnect(p)
	second.waits()
	ended, waiting := whichEnds(pol, &second)
	must(t, equal("messages for the first of two simultaneous polls", len(ended.polled()), 0))
	ended.says("hello")
	ann.until("said", "Pol")
	last := waiting.polled()
	must(t, equal("messages for the second of two simultaneous polls", len(last), 1))
	must(t, equal("the second of two simultaneous polls hears", last[0].Text, "hello"))
	second.posts("leave", `{"session":"`+pol.session+`"}`)
	ann.receives(heard{Type: "left", Name: "Pol"})
	reply, err := second.get("/chat/poll?since=0&session=" + pol.session)
	must(t, errors.Join(err, equal("status for one who has left", reply.status, 404)))
}

// whichEnds waits for the end of one of two polls and returns it and the other:
// on two connections either may be the first that the room sees.
func whichEnds(a, b *visitor) (ended, other *visitor) {
	peeked := make(chan *visitor, 2)
	for _, v := range []*visitor{a, b} {
		go func() {
			v.in.Peek(1) // reading the answer returns the same error
			peeked <- v
		}()
	}
	ended, other = <-peeked, a
	if ended == a {
		other = b
	}
	other.SetReadDeadline(time.Now()) // it may be read again only when nobody peeks
	<-peeked
	other.SetReadDeadline(time.Now().Add(testTimeout))
	return ended, other
}

// deliversAllToPollers has members without WebSocket poll while two others speak, each
// time on a new connection.
func deliversAllToPollers(t *testing.T) {
	const each = 100 // fewer than the room keeps, so that a slow machine misses none
	p := Launch(t)
	ann, bob := p.join(t, "Ann"), p.join(t, "Bob")
	pol := p.visit(t, "Pol")
	ids := map[string]bool{pol.session: true}
	for i := range 20 {
		ids[p.visit(t, fmt.Sprint(i)).session] = true
	}
	must(t, equal("different sessions", len(ids), 21))
	for _, s := range []*speaker{ann, bob} {
		s.until("joined", "19")
		go func() {
			for n := range each {
				s.ask("say", "text", fmt.Sprint(n)) // Ann notices what is missing
			}
		}()
	}
	var want, got []heard
	for len(got) < 2*each {
		pol.waits()
		for _, h := range pol.polled() {
			switch h.Type {
			case "said":
				got = append(got, h)
			case "missed":
				t.Fatalf("want all that fits the room's log, but up to %d it is missed", h.Seq)
			}
		}
		pol.client.Close()
		pol.reconnect(p)
	}
	for range 2 * each {
		h, err := ann.next()
		must(t, err)
		want = append(want, h)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want by polls what Ann hears (-want +got):\n%.2000s", diff)
	}
}

// answersInParts has a member say more than the room keeps, in characters that
// take six bytes where JSON is written carelessly.
func answersInParts(t *testing.T) {
	const most = 300 // times the bytes of the request
	p := Launch(t)
	pol := p.visit(t, "Pol")
	text := strings.Repeat("\u2028", 6700)
	said := 0
	for ; said*len(text) < hub.LogBytes+hub.LogBytes/8; said++ {
		pol.posts("send", `{"session":"`+pol.session+`","text":"`+text+`"}`)
	}
	pol.seq = 0
	next := 0
	for more := true; more; {
		pol.waits()
		r, err := pol.answer()
		must(t, err)
		a := pol.understand(r)
		if len(r.body) > most*len("GET /chat/poll?session=00112233445566778899aabbccddeeff&since=0 HTTP/1.0\r\n\r\n") {
			t.Fatalf("a poll since %d is answered with %d bytes", pol.seq, len(r.body))
		}
		for _, h := range a.Messages {
			if h.Type != "missed" {
				must(t, errors.Join(equal("text", h.Text, text), equal("number", h.Seq, next)))
			}
			next = h.Seq + 1
		}
		pol.seq, more = a.Seq, a.More
	}
	must(t, equal("number of the last message", next-1, said+1))
	late := p.visit(t, "Late")
	must(t, equal("number up to which a new member has read", late.seq, said+1))
}

func keepsMembershipBetweenPolls(t *testing.T) {
	p := Launch(t)
	before := p.AwaitIdle()
	ann := p.join(t, "Ann")
	pol := p.visit(t, "Pol")
	ann.receives(heard{Type: "joined", Name: "Pol"})
	pol.waits()
	pol.polled()
	pol.waits()
	p.AwaitOpen(3)
	pol.reset()
	p.AwaitOpen(2)
	p.CheckSleeps()
	ann.say("while nobody polls")
	ann.until("said", "Ann")
	pol.reconnect(p)
	pol.waits()
	got := pol.polled()
	must(t, equal("messages", len(got), 1))
	must(t, equal("text", got[0].Text, "while nobody polls"))
	pol.waits()
	must(t, pol.CloseWrite()) // it still reads
	ann.say("to one who says no more")
	must(t, equal("text", pol.polled()[0].Text, "to one who says no more"))
	must(t, pol.ended())
	pol.Close()
	ann.Close()
	p.CheckIdle(before)
}

func answersPollsAtShutdown(t *testing.T) {
	p := Launch(t)
	var all []*visitor
	for i := range 5 {
		v := p.visit(t, fmt.Sprint("visitor ", i))
		all = append(all, v)
	}
	for _, v := range all {
		for v.seq < len(all) { // until it knows that all are there
			v.waits()
			v.polled()
		}
		v.waits()
	}
	p.AwaitOpen(1 + len(all))
	p.CloseStats()
	p.Signal(syscall.SIGTERM)
	for i, v := range all {
		r, err := v.answer()
		must(t, errors.Join(err, equal("status", r.status, 200), equal("closing", r.last, true)))
		must(t, equal(fmt.Sprint("messages for visitor ", i), len(v.understand(r).Messages), 0))
		must(t, v.ended())
		v.Close()
	}
	must(t, equal("exit status", p.Wait(), 0))
}
