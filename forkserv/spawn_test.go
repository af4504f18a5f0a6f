package main

import (
	"errors"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"threeloops/common/cli"
	"threeloops/common/hub"
	"threeloops/common/sock"
	"threeloops/common/stat"
)

// Clients come in bursts: a fork between two of one would let the second wait for it.
func TestChildrenInAdvanceAreMadeWhenNobodyComes(t *testing.T) {
	forked := 0
	fork := forkExec
	forkExec = func(string, []string, *syscall.ProcAttr) (int, error) { forked++; return 0, errors.New("no") }
	defer func() { forkExec = fork }()
	now := time.Now()
	p := &parent{
		env: &cli.Env{Options: &cli.Options{Prefork: 1}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))},
		fds: make([]sock.PollFD, 2), board: make(stat.Board, 2), slots: []int{1}, null: 0,
		hub:  hub.New(nil, sock.Random),
		stat: new(stat.Slot),
		calm: now,
	}
	ours, theirs, err := sock.NewBus()
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
	defer sock.CloseFD(fd)
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
