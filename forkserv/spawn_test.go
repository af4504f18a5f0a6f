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

// Clients come in bursts: a fork between two of one would let the second wait for it.
func TestChildrenInAdvanceAreMadeWhenNobodyComes(t *testing.T) {
	forked := 0
	now := time.Now()
	p := &parent{
		env: &server.Env{Options: &server.Options{Prefork: 1}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		fds: make([]sys.PollFd, 2), board: make(stat.Board, 2), slots: []int{1}, null: 0,
		hub:  hub.New(nil, sys.Random),
		stat: new(stat.Slot),
		calm: now,
		fork: func(string, []string, *sys.ProcAttr) (int, error) { forked++; return 0, errors.New("no") },
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
	p.warm = []*offspring{{slot: 1, ours: ours, newcomer: nobody}}
	p.entrust(now, newcomer{fd: fd, id: 1})
	defer sys.Close(fd)
	if got := p.timeout(now); got != preforkPause {
		t.Errorf("somebody has just come: the next wait lasts %v, want %v", got, preforkPause)
	}
	if p.settle(now, true); forked != 0 {
		t.Error("a child was made although somebody has just come")
	}
	if got := p.timeout(p.calm); got != 0 {
		t.Errorf("nobody has come for a while: the next wait lasts %v, want none", got)
	}
	if p.settle(p.calm, true); forked != 1 {
		t.Errorf("nobody has come for a while: %d children were made, want 1", forked)
	}
}
