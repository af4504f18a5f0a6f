//go:build !sim

package main

import (
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// newRoom returns a parent with members. The test plays their children, at each child's end of the
// bus. Each child also has a process, which only sleeps, so that the parent can kill it.
func newRoom(t *testing.T, members int) *parent {
	t.Helper()
	p := &parent{
		env:  &server.Env{Log: slog.New(slog.DiscardHandler), Options: &server.Options{}},
		stat: new(stat.Slot), bySlot: make([]*childProc, 1+members), recvBuf: make([]byte, hub.MaxMessage),
		fds: make([]sys.PollFd, 2), first: 2,
	}
	p.fds[0].Fd, p.fds[1].Fd = -1, -1
	p.board = make(stat.Board, 1+members)
	t.Cleanup(func() {
		for _, c := range p.all {
			c.parentEnd.Close()
			c.childEnd.Close()
		}
	})
	p.hub = hub.New(p.sendTo)
	for i := range members {
		ours, theirs, err := newChannel()
		if err != nil {
			t.Fatal(err)
		}
		sleep := exec.Command("sleep", "1000")
		if err := sleep.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sleep.Process.Kill(); sleep.Wait() })
		c := &childProc{pid: sleep.Process.Pid, id: uint64(i + 1), slot: i + 1, index: i, parentEnd: ours, childEnd: theirs, pending: noClient}
		p.all, p.bySlot[c.slot] = append(p.all, c), c
		p.watch(ours.FD)
		p.arm(c)
		c.posts(t, &hub.Message{Kind: hub.Join, Name: fmt.Sprint(c.id)})
		p.iterations(t, 1, start)
	}
	for _, c := range p.all {
		c.receivesTexts(t)
	}
	return p
}

var start = time.Date(1994, time.November, 6, 8, 49, 37, 0, time.UTC)

// iterations runs the loop n times, or until there is nothing to do.
func (p *parent) iterations(t *testing.T, n int, now time.Time) {
	t.Helper()
	for range n {
		ready, err := sys.Poll(p.fds, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.receive(now)
		p.settle(now, false)
		if ready == 0 {
			return
		}
	}
}

// posts sends m to the parent, as the child does.
func (c *childProc) posts(t *testing.T, m *hub.Message) {
	t.Helper()
	m.Conn = c.id
	if full, err := c.childEnd.Send(m.Append(nil)); full || err != nil {
		t.Fatalf("child %d can't post: full %v, %v", c.id, full, err)
	}
}

func (c *childProc) says(t *testing.T, text string) {
	t.Helper()
	c.posts(t, &hub.Message{Kind: hub.Say, Text: []byte(text)})
}

// receives receives all messages that are on the child's bus, and calls each for every one.
func (c *childProc) receives(t *testing.T, each func(*hub.Message)) {
	t.Helper()
	b := make([]byte, hub.MaxMessage)
	for {
		n, err := c.childEnd.Recv(b)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if m, ok := hub.Parse(b[:n]); ok {
			each(&m)
		}
	}
}

// receivesTexts receives all messages that are on the child's bus, and returns what members said.
func (c *childProc) receivesTexts(t *testing.T) (texts []string) {
	t.Helper()
	c.receives(t, func(m *hub.Message) {
		if m.Kind == hub.Said {
			texts = append(texts, string(m.Text))
		}
	})
	return texts
}

func TestOneMessageOfEachChildIsReceivedInAnIteration(t *testing.T) {
	p := newRoom(t, 3)
	for range 100 {
		p.all[0].says(t, "flood")
	}
	p.all[1].says(t, "calm")
	p.all[2].says(t, "calm")
	p.iterations(t, 1, start)
	if got := strings.Join(p.all[2].receivesTexts(t), " "); got != "flood calm calm" {
		t.Errorf("after one iteration: got %q, want one message of each", got)
	}
	p.iterations(t, 10, start)
	if n := len(p.all[2].receivesTexts(t)); n != 10 {
		t.Errorf("ten iterations brought %d messages of the flood, want 10", n)
	}
}

func TestNoChildIsReadFromWhileOneIsLagging(t *testing.T) {
	const big = 18 << 10
	p := newRoom(t, 3)
	talker, slow := p.all[0], p.all[2]
	said := 0
	talk := func(now time.Time) {
		for range 2 * maxQueuedBytes / big {
			if !slow.ending && p.readsPausedUntil.IsZero() {
				said++
				talker.says(t, strings.Repeat("x", big))
			}
			p.iterations(t, 2, now)
			talker.receivesTexts(t)
			p.all[1].receivesTexts(t)
		}
	}
	talk(start)
	if p.readsPausedUntil != start.Add(standstill) || slow.bytes > maxQueuedBytes/laggingShare+2*big {
		t.Fatalf("a child takes nothing: reads are paused until %v with %d bytes queued, want until %v",
			p.readsPausedUntil, slow.bytes, start.Add(standstill))
	}
	talker.says(t, "not yet")
	p.iterations(t, 3, start)
	if texts := talker.receivesTexts(t); len(texts) != 0 {
		t.Errorf("while one child is lagging, another received %d messages, want none", len(texts))
	}

	for taken, end := 0, time.Now().Add(10*time.Second); taken < said+1; { // the slow child goes on
		taken += len(slow.receivesTexts(t))
		p.iterations(t, 1, start)
		if time.Now().After(end) {
			t.Fatalf("the slow child received %d messages, want %d", taken, said+1)
		}
	}
	if !p.readsPausedUntil.IsZero() || len(p.lagging) != 0 {
		t.Errorf("when it has caught up: reads are paused until %v for %d children, want no pause", p.readsPausedUntil, len(p.lagging))
	}

	talk(start)
	now := p.readsPausedUntil
	if now.IsZero() {
		t.Fatal("the child is lagging again: want reads paused")
	}
	talk(now) // the standstill is over, so the others don't wait any more
	if !slow.ending {
		t.Errorf("more than %d bytes are queued for a child: want it killed", maxQueuedBytes)
	}
	await(t, "its process to be dead", func() bool { return !alive(slow.pid) })
	talker.says(t, "and on")
	p.iterations(t, 2, now)
	if texts := p.all[1].receivesTexts(t); len(texts) != 1 {
		t.Errorf("after it was killed, another received %d messages, want one", len(texts))
	}
}

func TestAChildThatSendsWhatItMustNotIsKilled(t *testing.T) {
	for what, text := range map[string][]byte{
		"nonsense":                     []byte("hello"),
		"much too much":                make([]byte, hub.MaxMessage+1),
		"a message of another client":  (&hub.Message{Kind: hub.Say, Conn: 1, Text: []byte("I am 1")}).Append(nil),
		"a message to serve":           (&hub.Message{Kind: serveKind, Conn: 2}).Append(nil),
		"a message to shut down":       (&hub.Message{Kind: shutdownKind, Conn: 2}).Append(nil),
		"a message of the Hub":         (&hub.Message{Kind: hub.Said, Conn: 2}).Append(nil),
		"no kind":                      (&hub.Message{Conn: 2}).Append(nil),
		"that it serves, when it does": (&hub.Message{Kind: servingKind, Conn: 2}).Append(nil),
	} {
		p := newRoom(t, 2)
		p.all[1].childEnd.Send(text)
		p.iterations(t, 3, start)
		if !p.all[1].ending || p.all[0].ending {
			t.Errorf("%s: want the child that sent it killed, and no other", what)
		}
		if texts := p.all[0].receivesTexts(t); len(texts) != 0 {
			t.Errorf("%s: the other child received %q, want nothing", what, texts)
		}
	}
}

// If a connection could wait for two replies at the same time, for two members, the Hub would
// forget one of them.
func TestAConnectionAwaitsOneReplyAtATime(t *testing.T) {
	for _, second := range []hub.Kind{hub.Poll, hub.Enter, hub.Send, hub.Quit, hub.Say, hub.Join, hub.Leave} {
		p := newRoom(t, 2)
		c := p.all[1]
		tokens := []hub.Token{{1}, {2}}
		for i, name := range []string{"Ann", "Bob"} {
			c.posts(t, &hub.Message{Kind: hub.Enter, Name: name, Token: tokens[i]})
			p.iterations(t, 3, start)
			c.receivesWelcome(t)
		}
		if c.ending || c.awaitsReply {
			t.Fatalf("after two messages and their replies: child killed %t, awaits a reply %t, want neither", c.ending, c.awaitsReply)
		}
		c.posts(t, &hub.Message{Kind: hub.Poll, Token: tokens[0], Seq: 1000})
		c.posts(t, &hub.Message{Kind: hub.Stop})
		p.iterations(t, 3, start)
		if c.ending || c.awaitsReply {
			t.Fatalf("after a poll that was stopped: child killed %t, awaits a reply %t, want neither", c.ending, c.awaitsReply)
		}
		c.posts(t, &hub.Message{Kind: hub.Poll, Token: tokens[0], Seq: 1000})
		c.posts(t, &hub.Message{Kind: second, Token: tokens[1], Name: "Cid", Seq: 1000})
		p.iterations(t, 3, start)
		if !c.ending {
			t.Errorf("a message of kind %d while a poll waits: want the child killed", second)
		}
	}
}

// receivesWelcome receives all messages that are on the child's bus, one of which is a Welcome.
func (c *childProc) receivesWelcome(t *testing.T) {
	t.Helper()
	welcome := false
	c.receives(t, func(m *hub.Message) { welcome = welcome || m.Kind == hub.Welcome })
	if !welcome {
		t.Fatalf("child %d receives no Welcome", c.id)
	}
}

func TestABroadcastIsEncodedOnceForAllButTheSender(t *testing.T) {
	p := newRoom(t, 3)
	for _, c := range p.all {
		for full := false; !full; { // then the next message is queued
			var err error
			if full, err = c.parentEnd.Send(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.all[0].says(t, "hello")
	p.all[1].says(t, "hello")
	p.iterations(t, 2, start)
	shared := p.all[2].queue
	for i, c := range p.all {
		if len(c.queue) != 2 {
			t.Fatalf("child %d: want two messages queued, got %d", c.id, len(c.queue))
		}
		for n := range 2 { // the n-th message is from the n-th child
			m, _ := hub.Parse(c.queue[n])
			want := uint64(0)
			if i == n {
				want = c.id
			}
			if m.From != want {
				t.Errorf("child %d: the sender of message %d is connection %d, want %d", c.id, n, m.From, want)
			}
			if same := &c.queue[n][0] == &shared[n][0]; same != (i != n) {
				t.Errorf("child %d: message %d shares its bytes: %t, want the sender's alone to have bytes of its own", c.id, n, same)
			}
		}
	}
	if &shared[0][0] == &shared[1][0] {
		t.Error("two messages share their bytes")
	}
}

// A child may post several messages and end before the parent receives the first.
func TestTheLastMessagesOfADeadChildAreDelivered(t *testing.T) {
	p := newRoom(t, 3)
	gone := p.all[0]
	for n := range 5 {
		gone.says(t, fmt.Sprint(n))
	}
	p.remove(start, gone, 0)
	p.iterations(t, 2, start)
	for _, c := range p.all {
		if got := strings.Join(c.receivesTexts(t), " "); got != "0 1 2 3 4" {
			t.Errorf("child %d: got %q, want 0 1 2 3 4", c.id, got)
		}
	}
	p.all[0].says(t, "and on")
	p.iterations(t, 2, start)
	for i, c := range p.all {
		if got := strings.Join(c.receivesTexts(t), " "); got != "and on" || c.index != i || len(p.all) != 2 {
			t.Errorf("child %d, number %d of %d: got %q, want \"and on\"", c.id, c.index, len(p.all), got)
		}
	}
}

// The kernel may have given its process id to another process.
func TestADeadChildIsNeverSignaled(t *testing.T) {
	p := newRoom(t, 2)
	gone := p.all[0]
	if full, err := gone.childEnd.Send([]byte("no message")); full || err != nil {
		t.Fatal(full, err)
	}
	p.remove(start, gone, 0)
	syscall.Kill(gone.pid, syscall.SIGTERM)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(gone.pid, &status, 0, nil); err != nil || status.Signal() != syscall.SIGTERM {
		t.Errorf("the process with the dead child's PID: got signal %v, %v; want only this test's SIGTERM", status.Signal(), err)
	}
}
