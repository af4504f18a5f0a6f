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

// recorder is a place that notes what it hears.
type recorder struct{ lines []string }

func (e *recorder) Deliver(_ time.Time, m *hub.Message) {
	e.lines = append(e.lines, fmt.Sprintf("%d %s%s", m.Seq, m.Name, m.Text))
}

// newLoopBus returns the berths of n loops, with an ear at each.
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

// woken reports whether b's loop would wake up now, and has it wake up.
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

// checkNotWoken lets the loops work until none is rung for.
func checkNotWoken(t *testing.T, berths []*loopPort) {
	t.Helper()
	for busy := true; busy; {
		busy = false
		for _, b := range berths {
			busy = b.woken(t) || busy
		}
	}
}

func TestEveryLoopReceivesTheSameMessagesInOneOrder(t *testing.T) {
	berths, ears := newLoopBus(t, 3)
	now := time.Unix(0, 0)
	for i, b := range berths {
		b.Post(now, &hub.Message{Kind: hub.Join, Conn: uint64(i + 1), Name: string(rune('A' + i))})
		checkNotWoken(t, berths)
		ears[i].lines = nil
	}
	text := []byte("x")
	for i := range 9 {
		text[0] = byte('0' + i) // Post copies
		berths[i%3].Post(now, &hub.Message{Kind: hub.Say, Conn: uint64(i%3 + 1), Text: text})
	}
	checkNotWoken(t, berths)
	want := []string{"4 A0", "5 B1", "6 C2", "7 A3", "8 B4", "9 C5", "10 A6", "11 B7", "12 C8"}
	for i, e := range ears {
		if diff := cmp.Diff(want, e.lines[len(e.lines)-len(want):]); diff != "" {
			t.Errorf("loop %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestTheHubWaitsWhileAMailboxIsFull(t *testing.T) {
	berths, ears := newLoopBus(t, 2)
	now := time.Unix(0, 0)
	for i, b := range berths {
		b.Post(now, &hub.Message{Kind: hub.Join, Conn: uint64(i + 1), Name: string(rune('A' + i))})
	}
	checkNotWoken(t, berths)
	const extra = 100
	for range mailboxMax + extra {
		berths[0].Post(now, &hub.Message{Kind: hub.Say, Conn: 1, Text: []byte("x")})
		berths[0].woken(t)
	}
	if n := len(berths[1].mailbox); n != mailboxMax {
		t.Errorf("in the mailbox of the loop behind: %d letters, want %d", n, mailboxMax)
	}
	if n := len(berths[0].undelivered); n != extra {
		t.Errorf("waiting for it: %d letters, want %d", n, extra)
	}
	if berths[0].woken(t) {
		t.Error("the first loop doesn't sleep while it waits")
	}
	checkNotWoken(t, berths)
	want := fmt.Sprintf("%d Ax", 2+mailboxMax+extra)
	for i, e := range ears {
		if got := e.lines[len(e.lines)-1]; got != want {
			t.Errorf("loop %d heard last %q, want %q", i, got, want)
		}
	}
}

// The clients of a loop may wait for the hub when the first has none any more.
func TestTheHubOutlivesTheFirstLoop(t *testing.T) {
	berths, ears := newLoopBus(t, 3)
	x, now := berths[0].loopBus, time.Now()
	ended := make(chan error)
	first := &loop{env: &server.Env{Log: slog.New(slog.DiscardHandler)}, bus: berths[0], commands: berths[0].commands, graceEnd: now}
	go func() { ended <- x.run(first) }()
	for i, b := range berths[1:] {
		for range mailboxMax + 1 {
			b.Post(now, &hub.Message{Kind: hub.Send})
		}
		for n := 0; n <= mailboxMax; n = len(ears[1+i].lines) {
			bell := []sys.PollFd{{Fd: int32(b.commands.FD), Events: sys.POLLIN}}
			if rung, err := sys.Poll(bell, time.Minute); rung == 0 {
				t.Fatalf("the hub has answered loop %d %d times, and no further: %v", 1+i, n, err)
			}
			b.woken(t)
		}
		b.close()
		for range mailboxMax + 1 { // are answered too late, which must not hold up the others
			b.Post(now, &hub.Message{Kind: hub.Send})
		}
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("want the hub to end with the last loop")
	}
}

func TestSharesArePositiveAndAddUp(t *testing.T) {
	for _, n := range []int{3, 7, 100} {
		sum := 0
		for i := range 3 {
			sum += share(n, 3, i)
		}
		if sum != n || share(n, 3, 2) < 1 {
			t.Errorf("of %d, three loops have %d, the last %d", n, sum, share(n, 3, 2))
		}
	}
}
