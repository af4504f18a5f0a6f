package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/sys"
)

// giveToSpare gives a connection to a spare child, and reports false if no spare can take it.
//
// A spare has what was current when it was started. If the lists were read again since then, or the
// path of -root leads to another directory, the spare would serve by old rules or old files. So it
// is told to shut down, and the next spare is tried.
func (p *parent) giveToSpare(cl pendingClient) bool {
	if len(p.spare) == 0 {
		return false
	}
	_, renewals := p.env.RootFile()
	for len(p.spare) > 0 {
		c := p.spare[0]
		p.spare = slices.Delete(p.spare, 0, 1)
		if c.lists != p.env.Lists() || c.rootRenewals != renewals {
			p.send(c, &hub.Message{Kind: shutdownKind})
			continue
		}
		p.board[c.slot].Assign(cl.id, cl.peer)
		m := hub.Message{Kind: serveKind, Conn: cl.id}
		// This message doesn't go through the outbox, which has no descriptors. So it overtakes a
		// shutdownKind that is still queued there, and the spare serves this client before it ends.
		if full, err := c.parentEnd.SendFD(m.Append(nil), cl.fd); err == nil && !full {
			p.setPending(c, cl)
			return true
		}
		p.killChild(c, errors.New("it can't be given a connection"))
	}
	return false
}

// spawn starts a child, with the connection fd or as a spare (b.id is 0). It returns as soon as
// exec has worked. The child then still has to start its Go runtime, which may fail: see
// pendingClient.
//
// The caller still owns fd: the child gets a duplicate. If spawn fails, there is no child.
func (p *parent) spawn(fd int, b childConfig) (*childProc, error) {
	if err := p.lists.renew(p.env.Lists()); err != nil {
		return nil, err
	}
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	// There is a free slot: the board has one for each child that the limits allow. It is taken
	// off the list only below, when the child exists.
	b.slot, b.memory, b.loopback = p.freeSlots[len(p.freeSlots)-1], p.memory, p.env.Loopback()
	p.board[b.slot].Assign(b.id, b.peer)
	title := fmt.Sprintf("%s: connection %d", p.env.Name, b.id) // what ps(1) shows
	if b.id == 0 {
		title = p.env.Name + ": in advance"
	}
	// nullFD takes the place of descriptors that don't exist, so that no file that the child opens
	// gets their numbers.
	null, root := uintptr(p.nullFD), uintptr(p.nullFD)
	dir, renewals := p.env.RootFile()
	if dir >= 0 {
		root = uintptr(dir)
	}
	pid, err := sys.ForkExec(program, append([]string{title}, sys.Args()[1:]...), &sys.ProcAttr{
		Env: environment(childEnv+"="+b.String(), "GOMAXPROCS=1", "GOGC="+childGOGC, "GOMEMLIMIT=off"),
		Files: []uintptr{0, 1, null, connFD: uintptr(fd), busFD: uintptr(theirs.FD), boardFD: uintptr(p.memfd),
			server.HostsFD: uintptr(p.lists.hosts), server.OriginsFD: uintptr(p.lists.origins),
			server.RootFD: root, errorFD: 2},
		// In its own process group, so that Ctrl-C in a terminal signals the parent alone.
		Sys: &sys.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		ours.Close()
		theirs.Close()
		if err == sys.EBADF { // from dup3(2) in the new process: no number below the limit is free
			err = sys.EMFILE
		}
		return nil, err
	}
	// From here on the child is in all lists, and only reap removes it.
	c := &childProc{pid: pid, slot: b.slot, index: len(p.all), parentEnd: ours, childEnd: theirs, lists: p.lists.read, rootRenewals: renewals, pending: noClient}
	p.freeSlots = p.freeSlots[:len(p.freeSlots)-1]
	p.all = append(p.all, c)
	p.byPID[pid], p.bySlot[c.slot] = c, c
	p.watch(ours.FD)
	p.arm(c)
	return c, nil
}

// environment is a child's environment: the parent's, with the given variables replaced. They are
// not just appended, because if a variable is there twice, the first one counts. An operator who
// sets GOMAXPROCS or GOMEMLIMIT means one process, and not hundreds of children.
func environment(given ...string) []string {
	kept := slices.DeleteFunc(sys.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(given, func(g string) bool { return strings.HasPrefix(g, name+"=") })
	})
	return append(kept, given...)
}

// childGOGC is a child's GOGC. Go collects garbage for the first time when the heap has 4 MiB times
// GOGC/100, here 1 MiB. So a child that needs little stays small, and a connection that ends early
// never pays for a collection.
const childGOGC = "25"

// lacksSpare reports whether a spare child should be started: not during a shutdown, and not during
// a pause after a failure.
func (p *parent) lacksSpare() bool {
	return len(p.spare) < p.env.Prefork && p.graceEnd.IsZero() && p.resumeAt.IsZero() && len(p.freeSlots) > 0
}

// prefork starts one spare child. If that fails, clients are still accepted: they get new children,
// and the next spare is tried after acceptPause.
func (p *parent) prefork(now time.Time) {
	c, err := p.spawn(p.nullFD, childConfig{})
	if err != nil {
		p.env.Log.Error("can't start a child in advance", "error", err)
		p.preforkAt = now.Add(acceptPause)
		return
	}
	p.spare = append(p.spare, c)
}
