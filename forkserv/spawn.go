package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"threeloops/common/hub"
	"threeloops/common/server"
	"threeloops/common/sys"
)

// giveToSpare gives a connection to a spare child. It reports false if there is none. A spare
// that was started before the lists were read again, or before -root led to another
// directory, has the old ones, so it is told to shut down.
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
		if full, err := c.parentEnd.SendFD(m.Append(nil), cl.fd); err == nil && !full {
			p.setPending(c, cl)
			return true
		}
		p.killChild(c, errors.New("it can't be given a connection"))
	}
	return false
}

// spawn starts a child, with a connection or as a spare.
func (p *parent) spawn(fd int, b childConfig) (*childProc, error) {
	if err := p.lists.renew(p.env.Lists()); err != nil {
		return nil, err
	}
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	b.slot, b.memory, b.loopback = p.freeSlots[len(p.freeSlots)-1], p.memory, p.env.Loopback()
	p.board[b.slot].Assign(b.id, b.peer)
	title := fmt.Sprintf("%s: connection %d", p.env.Name, b.id)
	if b.id == 0 {
		title = p.env.Name + ": in advance"
	}
	null, root := uintptr(p.nullFD), uintptr(p.nullFD)
	dir, renewals := p.env.RootFile()
	if dir >= 0 {
		root = uintptr(dir)
	}
	pid, err := p.fork(program, append([]string{title}, os.Args[1:]...), &sys.ProcAttr{
		Env: environment(childEnv+"="+b.String(), "GOMAXPROCS=1", "GOGC="+childGOGC, "GOMEMLIMIT=off"),
		Files: []uintptr{0, 1, null, connFD: uintptr(fd), busFD: uintptr(theirs.FD), boardFD: uintptr(p.memfd),
			server.HostsFD: uintptr(p.lists.hosts), server.OriginsFD: uintptr(p.lists.origins),
			server.RootFD: root, errorFD: 2},
		Sys: &sys.SysProcAttr{Setpgid: true}, // so that a terminal's Ctrl-C signals the parent alone
	})
	if err != nil {
		ours.Close()
		theirs.Close()
		if err == sys.EBADF { // dup3(2) of fork's child, which had no number left below the limit
			err = sys.EMFILE
		}
		return nil, err
	}
	c := &childProc{pid: pid, slot: b.slot, index: len(p.all), parentEnd: ours, childEnd: theirs, lists: p.lists.read, rootRenewals: renewals, pending: noClient}
	p.freeSlots = p.freeSlots[:len(p.freeSlots)-1]
	p.all = append(p.all, c)
	p.byPID[pid], p.bySlot[c.slot] = c, c
	p.watch(ours.FD)
	p.arm(c)
	return c, nil
}

// environment is that of a child: the parent's with the given variables replaced. If a
// variable is there twice, the first counts; and an operator who sets GOMAXPROCS or
// GOMEMLIMIT thinks of one process, not of hundreds.
func environment(given ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(given, func(g string) bool { return strings.HasPrefix(g, name+"=") })
	})
	return append(kept, given...)
}

// childGOGC is a child's GOGC. The heap of a child that holds little grows to 1 MiB
// before it is collected: Go's least heap is 4 MiB times GOGC/100. A connection that
// ends early never pays for a collection.
const childGOGC = "25"

// lacksSpare reports whether spare children should be started.
func (p *parent) lacksSpare() bool {
	return len(p.spare) < p.env.Prefork && p.graceEnd.IsZero() && p.resumeAt.IsZero() && len(p.freeSlots) > 0
}

// prefork starts one spare child.
func (p *parent) prefork(now time.Time) {
	c, err := p.spawn(p.nullFD, childConfig{})
	if err != nil {
		p.env.Log.Error("can't start a child in advance", "error", err)
		p.preforkAt = now.Add(acceptPause)
		return
	}
	p.spare = append(p.spare, c)
}
