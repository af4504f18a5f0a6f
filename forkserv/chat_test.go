//go:build !sim

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/processtest"
	"threeloops/common/ws"
)

// guest is a member of the room with a WebSocket. Each guest has its own child.
type guest struct {
	*client
	t      *testing.T
	name   string
	pid    int // of its child
	frames processtest.Events
}

// heard is a message of the room to a member.
type heard struct {
	Type, Name, To, Text string
	Seq                  int
}

// join connects a guest and waits until it is a member.
func join(t *testing.T, p *processtest.Process, name string) *guest {
	t.Helper()
	c, pid := serves(t, p)
	io.WriteString(c, "GET /chat HTTP/1.1\r\nHost: localhost\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if r, err := http.ReadResponse(c.in, nil); err != nil || r.StatusCode != 101 {
		t.Fatalf("joining as %s: %v, %v", name, r, err)
	}
	g := &guest{client: c, t: t, name: name, pid: pid, frames: processtest.Events{In: c.in}}
	g.frames.Init(ws.Client, 0)
	g.send(map[string]string{"type": "join", "name": name})
	g.until("that it has joined", func(h heard) bool { return h.Type == "joined" && h.Name == name })
	return g
}

// crowd makes n members called 0, 1, ... and waits until each has been told of all others.
func crowd(t *testing.T, p *processtest.Process, n int) (all []*guest) {
	t.Helper()
	for i := range n {
		all = append(all, join(t, p, fmt.Sprint(i)))
	}
	for i, g := range all[:n-1] {
		for j := i + 1; j < n; j++ {
			g.until("who joins", func(h heard) bool { return h.Type == "joined" && h.Name == fmt.Sprint(j) })
		}
	}
	return all
}

func (g *guest) send(m map[string]string) error {
	text, _ := json.Marshal(m)
	h := ws.Header{Fin: true, Opcode: ws.Text, Masked: true, Key: [4]byte{1, 2, 3, 4}}
	_, err := g.Write(ws.AppendFrame(nil, h, text))
	return err
}

func (g *guest) say(text string) error { return g.send(map[string]string{"type": "say", "text": text}) }

func (g *guest) next() (h heard, err error) {
	ev, err := g.frames.Next()
	if err != nil {
		return h, err
	}
	if ev.Kind != ws.Data {
		return h, fmt.Errorf("a %v with %v", ev.Kind, ev.Code)
	}
	if bytes.HasSuffix(ev.Payload, []byte(`"text":"flood"}`)) { // too many for package json
		return heard{Type: "said", Text: "flood"}, nil
	}
	return h, json.Unmarshal(ev.Payload, &h)
}

// until reads messages up to the first wanted one, and returns all that it has read. what describes
// the wanted one.
func (g *guest) until(what string, wanted func(heard) bool) (all []heard) {
	g.t.Helper()
	for {
		h, err := g.next()
		if err != nil {
			g.t.Errorf("%s: waiting for a message (%s): got %v after %d messages", g.name, what, err, len(all))
			g.t.FailNow()
		}
		if all = append(all, h); wanted(h) {
			return all
		}
	}
}

func says(text string) func(heard) bool {
	return func(h heard) bool { return h.Type == "said" && h.Text == text }
}

func left(name string) func(heard) bool {
	return func(h heard) bool { return h.Type == "left" && h.Name == name }
}

// count is how many of the messages are wanted.
func count(all []heard, wanted func(heard) bool) (n int) {
	for _, h := range all {
		if wanted(h) {
			n++
		}
	}
	return n
}

// inOrder fails the test unless the messages have consecutive numbers.
func inOrder(t *testing.T, who string, all []heard) {
	t.Helper()
	for i := 1; i < len(all); i++ {
		if all[i].Seq != all[i-1].Seq+1 {
			t.Fatalf("%s received %+v right after %+v: want consecutive numbers", who, all[i], all[i-1])
		}
	}
}

// A child is killed while all members send at the same time.
func TestChildDiesInTheMiddleOfABroadcast(t *testing.T) {
	const guests, messages = 6, 300
	p := processtest.Launch(t)
	rest := p.AwaitIdle()
	all := crowd(t, p, guests)
	victim := all[guests-1]
	lists := make([][]heard, guests-1)
	var wg sync.WaitGroup
	for i, g := range all {
		wg.Go(func() {
			for n := range messages {
				if g == victim && n == messages/2 {
					syscall.Kill(g.pid, syscall.SIGKILL)
				}
				if g.say(fmt.Sprintf("%d from %s", n, g.name)) != nil {
					return
				}
			}
		})
		if g != victim {
			wg.Go(func() {
				finished, gone := 0, false
				lists[i] = g.until("the last of everyone", func(h heard) bool {
					if strings.HasPrefix(h.Text, fmt.Sprintf("%d from ", messages-1)) {
						finished++
					}
					gone = gone || left(victim.name)(h)
					return finished == guests-1 && gone
				})
			})
		}
	}
	wg.Wait()
	for i, list := range lists {
		if diff := cmp.Diff(lists[0], list); diff != "" {
			t.Fatalf("guest %d received other messages than guest 0 (-0 +%d):\n%s", i, i, diff)
		}
	}
	inOrder(t, "0", lists[0])
	for _, g := range all[:guests-1] {
		for n := range messages {
			if c := count(lists[0], says(fmt.Sprintf("%d from %s", n, g.name))); c != 1 {
				t.Errorf("message %d of %s was received %d times, want once", n, g.name, c)
			}
		}
	}
	if n := count(lists[0], left(victim.name)); n != 1 {
		t.Errorf("the message that the victim has left was received %d times, want once", n)
	}
	for _, g := range all {
		g.Close()
	}
	p.CheckIdle(rest)
}

// A child that doesn't run must not stop the room. When too much is queued for it, it is killed,
// and its member leaves.
func TestAStoppedChildIsKilledWhenItsQueueIsFull(t *testing.T) {
	p := processtest.Launch(t)
	rest := p.AwaitIdle()
	all := crowd(t, p, 3)
	talker, listener, stopped := all[0], all[1], all[2]
	syscall.Kill(stopped.pid, syscall.SIGSTOP)
	big := strings.Repeat("x", 19<<10)
	var heard []heard
	talk := func(from, to int) {
		for n := from; n < to; n++ {
			text := fmt.Sprintf("%d %s", n, big)
			talker.say(text)
			talker.until("what it says", says(text))
			heard = append(heard, listener.until("what is said", says(text))...)
		}
	}
	const few, many = 150, 640 // 3 MB, 12 MB
	talk(0, few)
	if len(heard) != few || !alive(stopped.pid) {
		t.Errorf("before the queue is full: got %d messages, want %d, and the stopped child alive", len(heard), few)
	}
	talk(few, many)
	await(t, "the stopped child to be killed", func() bool { return !alive(stopped.pid) })
	if count(heard, left(stopped.name)) == 0 {
		heard = append(heard, listener.until("who has left", left(stopped.name))...)
	}
	talker.say("end")
	heard = append(heard, listener.until("the end", says("end"))...)
	inOrder(t, "the listener", heard)
	if n := count(heard, left(stopped.name)); n != 1 || len(heard) != many+2 {
		t.Errorf("received %d messages, %d of them that the stopped one has left; want %d, and 1", len(heard), n, many+2)
	}
	if n := strings.Count(p.Log(), "a child was killed"); n != 1 {
		t.Errorf("log lines about the killed child: got %d, want 1", n)
	}
	for _, g := range all {
		g.Close()
	}
	p.CheckIdle(rest)
}

// Some members send as much as they can. For the others this must only mean that each of their
// messages waits until every member has had its turn.
func TestFloodingChildrenDontDelayOthers(t *testing.T) {
	const floods, rounds = 4, 30
	p := processtest.Launch(t)
	rest := p.AwaitIdle()
	all := crowd(t, p, floods+2)
	var wg sync.WaitGroup
	var said atomic.Int64
	for _, g := range all[2:] {
		wg.Go(func() {
			for g.say("flood") == nil {
				said.Add(1)
			}
		})
		wg.Go(func() { io.Copy(io.Discard, g.in) })
	}
	one, other := all[0], all[1]
	between := 0
	for n := range rounds {
		text := fmt.Sprint("calm ", n)
		one.say(text)
		one.until("what it says", says(text))
		between += count(other.until("what the one says", says(text)), says("flood"))
	}
	if log := p.Log(); log != "" {
		t.Errorf("want no child killed and an empty log, got\n%s", log)
	}
	for _, g := range all {
		g.Close()
	}
	wg.Wait()
	t.Logf("%d messages of the flood arrived between %d others; %d were sent", between, rounds, said.Load())
	if between < rounds {
		t.Errorf("only %d messages of the flood arrived between %d others: the test needs a real flood", between, rounds)
	}
	p.CheckIdle(rest)
}

// However a connection ends, the other members are told once that its member has left.
func TestAMemberLeavesWithItsConnection(t *testing.T) {
	p := processtest.Launch(t)
	rest := p.AwaitIdle()
	observer := join(t, p, "observer")
	for how, end := range map[string]func(*guest){
		"a Close frame": func(g *guest) {
			h := ws.Header{Fin: true, Opcode: ws.Close, Masked: true}
			g.Write(ws.AppendFrame(nil, h, ws.AppendClose(nil, ws.NormalClosure, "")))
		},
		"a FIN":                       func(g *guest) { g.Conn.(*net.TCPConn).CloseWrite() },
		"a close":                     func(g *guest) { g.Close() },
		"a reset":                     func(g *guest) { g.Conn.(*net.TCPConn).SetLinger(0); g.Close() },
		"its child's death":           func(g *guest) { syscall.Kill(g.pid, syscall.SIGKILL) },
		"its child's death by signal": func(g *guest) { syscall.Kill(g.pid, syscall.SIGSEGV) },
	} {
		g := join(t, p, how)
		g.say("last words of " + how)
		g.until("what it says itself", says("last words of "+how))
		end(g)
		heard := observer.until("that it has left", left(how))
		inOrder(t, "the observer", heard)
		g.Close()
		if n := count(heard, says("last words of "+how)); n != 1 {
			t.Errorf("%s: its last words were received %d times, want once", how, n)
		}
		again := join(t, p, how) // the name is free
		again.Close()
		heard = observer.until("that it has left again", left(how))
		if n := count(heard, left(how)); n != 1 || len(heard) != 2 {
			t.Errorf("%s: received %+v, want that the name has joined and left", how, heard)
		}
	}
	observer.Close()
	p.CheckIdle(rest)
}

// Messages that a client sends together with its Close are delivered, although its child
// ends immediately.
func TestMessagesSentBeforeTheEndAreDelivered(t *testing.T) {
	const words = 40
	p := processtest.Launch(t)
	observer := join(t, p, "observer")
	big := strings.Repeat("x", 19<<10)
	for i := range 10 {
		name := fmt.Sprint("leaver ", i)
		g := join(t, p, name)
		for n := range words {
			g.say(fmt.Sprintf("%d by %s%s", n, name, big))
		}
		h := ws.Header{Fin: true, Opcode: ws.Close, Masked: true}
		g.Write(ws.AppendFrame(nil, h, ws.AppendClose(nil, ws.NormalClosure, "")))
		heard := observer.until("that it has left", left(name))
		inOrder(t, "the observer", heard)
		if len(heard) != 1+words+1 {
			t.Errorf("%s: received %d messages, want that it joined, its %d, and that it left", name, len(heard), words)
		}
		g.Close()
	}
}

func TestShutdownOfARoom(t *testing.T) {
	for _, flags := range [][]string{nil, {"-prefork=4"}} {
		p := processtest.Launch(t, flags...)
		all := crowd(t, p, 8)
		p.Signal(syscall.SIGTERM)
		for _, g := range all {
			ev, err := g.frames.Next()
			for ev.Kind == ws.Data && err == nil {
				ev, err = g.frames.Next()
			}
			if err != nil || ev.Kind != ws.CloseFrame || ev.Code != ws.GoingAway {
				t.Errorf("%s: got a %v with %v, %v, want a Close with 1001", g.name, ev.Kind, ev.Code, err)
			}
			h := ws.Header{Fin: true, Opcode: ws.Close, Masked: true}
			g.Write(ws.AppendFrame(nil, h, ws.AppendClose(nil, ws.GoingAway, "")))
			g.Close()
		}
		if code := p.Wait(); code != 0 {
			t.Errorf("exit status: got %d, want 0", code)
		}
		if log := p.Log(); strings.Contains(log, "failed") || strings.Contains(log, "cut off") {
			t.Errorf("want no failure in the log, got\n%s", log)
		}
	}
}

func TestParentOfARoomIsKilled(t *testing.T) {
	p := processtest.Launch(t, "-grace=2s")
	all := crowd(t, p, 3)
	p.Signal(syscall.SIGKILL)
	p.Wait()
	for _, g := range all {
		g.say("is anyone there?")
		if ev, err := g.frames.Next(); err != nil || ev.Kind != ws.CloseFrame || ev.Code != ws.GoingAway {
			t.Errorf("%s: got a %v with %v, %v, want a Close with 1001", g.name, ev.Kind, ev.Code, err)
		}
		g.Close()
		await(t, "its child to end", func() bool { return !alive(g.pid) })
	}
}

// A spare child may die while a connection is on its way to it. The client must not notice.
func TestASpareChildDiesBeforeItHasAConnection(t *testing.T) {
	for _, prefork := range []int{1, 3} {
		p := processtest.Launch(t, fmt.Sprintf("-prefork=%d", prefork))
		await(t, "spare children", func() bool { return len(children(p)) == prefork })
		rest, same := 0, 0
		await(t, "the last fork to be over", func() bool {
			if now := p.Descriptors(); now != rest {
				rest, same = now, 0
			}
			same++
			return same > 10
		})
		stopped := children(p)
		for _, pid := range stopped {
			syscall.Kill(pid, syscall.SIGSTOP)
		}
		// On a busy machine a thread that was running may go on for a while, and serve.
		await(t, "all threads of the children to stop", func() bool { return !slices.ContainsFunc(stopped, runs) })
		var all []*client
		for range stopped {
			c := dial(t, p)
			io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
			all = append(all, c)
		}
		await(t, "new spares, because the first ones were given connections", func() bool { return len(children(p)) == 2*prefork })
		for _, pid := range stopped {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		for i, c := range all {
			if r, err := http.ReadResponse(c.in, nil); err != nil || r.StatusCode != 200 {
				t.Fatalf("client %d: %v, %v, want a response as if no child had died", i, r, err)
			}
			io.Copy(io.Discard, io.LimitReader(c.in, 3))
			if accepted := c.counted(t, "accepted"); accepted != prefork {
				t.Errorf("connections accepted: got %d, want %d", accepted, prefork)
			}
			if closed := c.counted(t, "closed"); closed != 0 {
				t.Errorf("connections closed: got %d, want none", closed)
			}
		}
		for _, c := range all {
			c.Close()
		}
		p.AwaitOpen(1)
		p.CloseStats()
		await(t, "only spare children to be left", func() bool { return len(children(p)) == prefork })
		await(t, "only their descriptors to be left", func() bool { return p.Descriptors() == rest })
	}
}

// counted asks for /stats and returns one counter.
func (c *client) counted(t *testing.T, name string) int {
	t.Helper()
	var stats struct{ Totals map[string]int }
	if err := json.Unmarshal(c.get(t, 200), &stats); err != nil {
		t.Fatal(err)
	}
	return stats.Totals[name]
}

// While the parent is stopped, no message is lost, and no child spins.
func TestParentStopsForAWhile(t *testing.T) {
	const words = 15
	p := processtest.Launch(t)
	observer := join(t, p, "observer")
	g := join(t, p, "leaver")
	watch := dial(t, p)
	watch.get(t, 200)
	syscall.Kill(p.Pid, syscall.SIGSTOP)
	defer syscall.Kill(p.Pid, syscall.SIGCONT)
	await(t, "the parent to stop", func() bool { return state(p.Pid) == "T" })
	big := strings.Repeat("x", 19<<10)
	for n := range words { // more than the bus has room for
		g.say(fmt.Sprint(n, big))
	}
	g.Conn.(*net.TCPConn).CloseWrite() // Close would reset the connection at the next response
	before := watch.counted(t, "rounds")
	await(t, "all children to wait", func() bool {
		time.Sleep(100 * time.Millisecond)
		rounds := watch.counted(t, "rounds") // this request takes one of them
		defer func() { before = rounds }()
		return rounds-before <= 2 && watch.counted(t, "messages_in") > 5
	})
	if !alive(g.pid) {
		t.Error("the child has ended before the parent received all its messages")
	}
	syscall.Kill(p.Pid, syscall.SIGCONT)
	heard := observer.until("that it has left", left("leaver"))
	inOrder(t, "the observer", heard)
	if len(heard) != 1+words+1 {
		t.Errorf("received %d messages, want that it joined, its %d, and that it left", len(heard), words)
	}
	await(t, "its child to end", func() bool { return !alive(g.pid) })
}
