//go:build !sim

package main

import (
	"errors"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/stat"
	"threeloops/common/sys"
)

// Clients come in bursts. If the parent forked a spare between two clients of a burst, the second
// would have to wait for the fork.
func TestSpareChildrenAreStartedWhileNoClientComes(t *testing.T) {
	forked := 0
	now := time.Now()
	p := &parent{
		env: &server.Env{Options: &server.Options{Prefork: 1}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		fds: make([]sys.PollFd, 2), board: make(stat.Board, 2), freeSlots: []int{1}, nullFD: 0,
		hub:       hub.New(nil, sys.Random),
		stat:      new(stat.Slot),
		preforkAt: now,
		fork:      func(string, []string, *sys.ProcAttr) (int, error) { forked++; return 0, errors.New("no") },
	}
	ours, theirs, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	defer theirs.Close()
	fd, err := syscall.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	p.spare = []*childProc{{slot: 1, parentEnd: ours, pending: noClient}}
	p.assign(now, pendingClient{fd: fd, id: 1})
	defer sys.Close(fd)
	if got := p.timeout(now); got != preforkPause {
		t.Errorf("a client has just come: the next wait lasts %v, want %v", got, preforkPause)
	}
	if p.settle(now, true); forked != 0 {
		t.Error("a spare was started although a client has just come")
	}
	if got := p.timeout(p.preforkAt); got != 0 {
		t.Errorf("no client has come for preforkPause: the next wait lasts %v, want 0", got)
	}
	if p.settle(p.preforkAt, true); forked != 1 {
		t.Errorf("no client has come for preforkPause: %d spares were started, want 1", forked)
	}
}
