//go:build !sim

package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/processtest"
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// All processes of a server stop when its container is paused (docker pause) or its virtual machine
// is frozen.
func TestAStoppedServerAnswersWhatHasCome(t *testing.T) {
	const idle = 4 * time.Second // more than it takes a busy machine to start 20 children
	p := processtest.Launch(t, fmt.Sprintf("-idle-timeout=%v", idle))
	var all []*client
	for range 20 {
		c, _ := serves(t, p)
		all = append(all, c)
	}
	pids := append(children(p), p.Pid)
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGSTOP)
	}
	for _, c := range all {
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	time.Sleep(idle + 500*time.Millisecond)
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGCONT)
	}
	for i, c := range all {
		if r, err := http.ReadResponse(c.in, nil); err != nil || r.StatusCode != 200 {
			t.Errorf("client %d: %v, want a response", i, err)
		}
	}
}

// newChild returns a child, and the socket by which the test plays the child's client. It plays the
// parent too.
func newChild(t *testing.T, o *server.Options) (c *child, client int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pair[0]); ours.Close(); theirs.Close() })
	board := make(stat.Board, 1)
	env := &server.Env{Options: o, Log: slog.New(slog.DiscardHandler)}
	c = &child{env: env, stat: &board[0], bus: bus{channel: theirs, stat: &board[0]}}
	io := env.NewIO(c.stat)
	cfg, receiver := env.Sessions(io, board, 0, &c.bus)
	c.receiver, c.cfg = receiver, cfg
	c.conn = conn.NewConn(pair[1], 1, io, cfg, start, noWake)
	c.fds = [2]sys.PollFd{{Fd: int32(pair[1])}, {Fd: int32(theirs.FD)}}
	t.Cleanup(func() { unix.Close(pair[1]) })
	return c, pair[0]
}

// A process may be stopped between its wait and its next look at the clock.
func TestAChildPollsAgainBeforeItChecksADeadline(t *testing.T) {
	options := &server.Options{
		Loops: 1,
		Addr:  "127.0.0.1:0", MaxHead: 1 << 14, MaxMessage: 1 << 20, MaxBody: 1 << 20,
		HeadTimeout: time.Second, IdleTimeout: time.Second, WriteTimeout: time.Second, CloseTimeout: time.Second,
	}
	late := start.Add(time.Hour)
	answer := make([]byte, 1000)
	c, client := newChild(t, options)
	unix.Write(client, []byte("GET / HTTP/1.1\r\n\r\n")) // without Host, so the response is 400
	if !c.due(late) {
		t.Fatal("want a deadline that has passed")
	}
	if err := c.tick(late); err != nil {
		t.Fatal(err)
	}
	c.settle(late)
	if n, _ := unix.Read(client, answer); !strings.HasPrefix(string(answer[:max(n, 0)]), "HTTP/1.1 400") {
		t.Errorf("a request that arrived in time: got %q, want 400", answer[:max(n, 0)])
	}

	c, client = newChild(t, options)
	unix.Write(client, []byte("GET /healthz HTTP/1.1\r\nHo"))
	if err := c.tick(late); err != nil {
		t.Fatal(err)
	}
	if later := late.Add(time.Hour); c.due(later) {
		if err := c.tick(later); err != nil {
			t.Fatal(err)
		}
		c.settle(later)
	}
	if n, _ := unix.Read(client, answer); !strings.HasPrefix(string(answer[:max(n, 0)]), "HTTP/1.1 408") {
		t.Errorf("half of a request in time, and nothing more: got %q, want 408", answer[:max(n, 0)])
	}
}

func TestAParentThatWasStoppedExtendsDeadlines(t *testing.T) {
	p := newRoom(t, 2)
	p.all[0].posts(t, &hub.Message{Kind: hub.Enter, Name: "Pol", Token: hub.Token{1}})
	p.iterations(t, 2, start)
	silent := p.hub.Deadline()
	if silent.IsZero() {
		t.Fatal("want a deadline for a member that polls")
	}
	clock := time.Now().Add(-time.Hour)         // when the process was stopped
	p.readsPausedUntil = clock.Add(time.Minute) // end of the wait if it had not been stopped
	p.wait(&clock)
	if p.noTimeoutBefore != clock.Add(standstill) {
		t.Errorf("no member times out before %v, want %v", p.noTimeoutBefore, clock.Add(standstill))
	}
	if got := p.hubDeadline(); got != p.noTimeoutBefore {
		t.Errorf("the Hub's deadline: got %v, want %v", got, p.noTimeoutBefore)
	}
	p.receive(clock)
	if p.hub.Deadline() != silent {
		t.Error("the member timed out immediately, want it to have until noTimeoutBefore")
	}
	p.receive(p.noTimeoutBefore)
	if p.hub.Deadline() == silent {
		t.Error("at noTimeoutBefore the member has not timed out")
	}
}
