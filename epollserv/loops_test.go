//go:build !sim

package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/session"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// recorder is a hub.Receiver that records the messages it gets, each as a line.
type recorder struct{ lines []string }

func (e *recorder) Deliver(_ time.Time, m *hub.Message) {
	e.lines = append(e.lines, fmt.Sprintf("%d %s%s", m.Seq, m.Name, m.Text))
}

// newLoopBus returns the ports of n loops, and the recorder that is attached to each.
func newLoopBus(t *testing.T, n int) (ports []*loopPort, recorders []*recorder) {
	t.Helper()
	x := new(loopBus)
	for range n {
		commands, err := server.NewCommandQueue()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(commands.Close)
		e := new(recorder)
		b := x.newPort(&server.Env{Options: &server.Options{Loops: n}}, commands).(*loopPort)
		b.Attach(e)
		b.cfg = &session.Config{Stat: new(stat.Slot)}
		b.cfg.Round()
		ports, recorders = append(ports, b), append(recorders, e)
	}
	return ports, recorders
}

// woken reports whether b's loop would wake up now. If so, it does what the loop would do.
func (b *loopPort) woken(t *testing.T) bool {
	t.Helper()
	n, err := sys.Poll([]sys.PollFd{{Fd: int32(b.commands.FD), Events: sys.POLLIN}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		b.commands.TakeAll()
		b.emptyMailbox(time.Unix(0, 0))
	}
	return n > 0
}

// checkNotWoken lets the loops work until none is woken.
func checkNotWoken(t *testing.T, ports []*loopPort) {
	t.Helper()
	for busy := true; busy; {
		busy = false
		for _, b := range ports {
			busy = b.woken(t) || busy
		}
	}
}

func TestEveryLoopReceivesTheSameMessagesInOneOrder(t *testing.T) {
	ports, recorders := newLoopBus(t, 3)
	now := time.Unix(0, 0)
	for i, b := range ports {
		b.Post(now, &hub.Message{Kind: hub.Join, Conn: uint64(i + 1), Name: string(rune('A' + i))})
		checkNotWoken(t, ports)
		recorders[i].lines = nil
	}
	text := []byte("x")
	for i := range 9 {
		text[0] = byte('0' + i) // Post copies
		ports[i%3].Post(now, &hub.Message{Kind: hub.Say, Conn: uint64(i%3 + 1), Text: text})
	}
	checkNotWoken(t, ports)
	want := []string{"4 A0", "5 B1", "6 C2", "7 A3", "8 B4", "9 C5", "10 A6", "11 B7", "12 C8"}
	for i, e := range recorders {
		if diff := cmp.Diff(want, e.lines[len(e.lines)-len(want):]); diff != "" {
			t.Errorf("loop %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestTheHubWaitsWhileAMailboxIsFull(t *testing.T) {
	ports, recorders := newLoopBus(t, 2)
	now := time.Unix(0, 0)
	for i, b := range ports {
		b.Post(now, &hub.Message{Kind: hub.Join, Conn: uint64(i + 1), Name: string(rune('A' + i))})
	}
	checkNotWoken(t, ports)
	const extra = 100
	for range mailboxMax + extra {
		ports[0].Post(now, &hub.Message{Kind: hub.Say, Conn: 1, Text: []byte("x")})
		ports[0].woken(t)
	}
	if n := len(ports[1].mailbox); n != mailboxMax {
		t.Errorf("the slow loop's mailbox holds %d envelopes, want %d", n, mailboxMax)
	}
	if n := len(ports[0].undelivered); n != extra {
		t.Errorf("%d envelopes wait until that mailbox has room, want %d", n, extra)
	}
	if ports[0].woken(t) {
		t.Error("the first loop is woken while a mailbox is full; want it to sleep until there is room")
	}
	checkNotWoken(t, ports)
	want := fmt.Sprintf("%d Ax", 2+mailboxMax+extra)
	for i, e := range recorders {
		if got := e.lines[len(e.lines)-1]; got != want {
			t.Errorf("the last message of loop %d is %q, want %q", i, got, want)
		}
	}
}

// When the first loop has no clients left, clients of other loops may still wait for the hub.
func TestTheHubOutlivesTheFirstLoop(t *testing.T) {
	ports, recorders := newLoopBus(t, 3)
	x, now := ports[0].loopBus, time.Now()
	ended := make(chan error)
	first := &loop{env: &server.Env{Log: slog.New(slog.DiscardHandler)}, cfg: ports[0].cfg,
		bus: ports[0], commands: ports[0].commands, graceEnd: now}
	go func() { ended <- x.run(first) }()
	for i, b := range ports[1:] {
		for range mailboxMax + 1 {
			b.Post(now, &hub.Message{Kind: hub.Send, Conn: 1})
		}
		for n := 0; n <= mailboxMax; n = len(recorders[1+i].lines) {
			bell := []sys.PollFd{{Fd: int32(b.commands.FD), Events: sys.POLLIN}}
			if rung, err := sys.Poll(bell, time.Minute); rung == 0 {
				t.Fatalf("loop %d was not woken for a minute after %d answers of the hub: %v", 1+i, n, err)
			}
			b.woken(t)
		}
		b.close()
		for range mailboxMax + 1 { // too late for the closed port, which must not make the hub wait
			b.Post(now, &hub.Message{Kind: hub.Send, Conn: 1})
		}
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("the hub still runs a minute after the last loop has ended")
	}
}

func TestSharesArePositiveAndAddUp(t *testing.T) {
	for _, n := range []int{3, 7, 100} {
		sum := 0
		for i := range 3 {
			sum += share(n, 3, i)
		}
		if sum != n || share(n, 3, 2) < 1 {
			t.Errorf("the shares of three loops in %d add up to %d, and the last is %d", n, sum, share(n, 3, 2))
		}
	}
}
