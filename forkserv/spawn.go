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

// give hands a connection to a warm child. It reports false if there is none. One
// that was made before the lists were read again, or before -root has led to another
// directory, is sent away: it has the old ones.
func (p *parent) give(cl newcomer) bool {
	if len(p.warm) == 0 {
		return false
	}
	_, times := p.env.RootFile()
	for len(p.warm) > 0 {
		c := p.warm[0]
		p.warm = slices.Delete(p.warm, 0, 1)
		if c.lists != p.env.Lists() || c.root != times {
			p.send(c, &hub.Message{Kind: shutdownKind})
			continue
		}
		p.board[c.slot].Assign(cl.id, cl.peer)
		m := hub.Message{Kind: serveKind, Conn: cl.id}
		if full, err := c.ours.SendFD(m.Append(nil), cl.fd); err == nil && !full {
			p.expect(c, cl)
			return true
		}
		p.abandon(c, errors.New("it can't be given a connection"))
	}
	return false
}

// spawn starts a child, with a connection or for one that is yet to come.
func (p *parent) spawn(fd int, b birth) (*offspring, error) {
	if err := p.lists.renew(p.env.Lists()); err != nil {
		return nil, err
	}
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	b.slot, b.memory, b.loopback = p.slots[len(p.slots)-1], p.memory, p.env.Loopback()
	p.board[b.slot].Assign(b.id, b.peer)
	title := fmt.Sprintf("%s: connection %d", p.env.Name, b.id)
	if b.id == 0 {
		title = p.env.Name + ": in advance"
	}
	null, root := uintptr(p.null), uintptr(p.null)
	dir, times := p.env.RootFile()
	if dir >= 0 {
		root = uintptr(dir)
	}
	pid, err := p.fork(program, append([]string{title}, os.Args[1:]...), &sys.ProcAttr{
		Env: environment(birthEnv+"="+b.String(), "GOMAXPROCS=1", "GOGC="+garbagePercent, "GOMEMLIMIT=off"),
		Files: []uintptr{0, 1, null, connFD: uintptr(fd), busFD: uintptr(theirs.FD), boardFD: uintptr(p.memfd),
			server.HostsFD: uintptr(p.lists.hosts), server.OriginsFD: uintptr(p.lists.origins),
			server.RootFD: root, errorFD: 2},
		Sys: &sys.SysProcAttr{Setpgid: true}, // a terminal's Ctrl-C is the parent's affair
	})
	if err != nil {
		ours.Close()
		theirs.Close()
		return nil, err
	}
	c := &offspring{pid: pid, slot: b.slot, at: len(p.all), ours: ours, theirs: theirs, lists: p.lists.of, root: times, newcomer: nobody}
	p.slots = p.slots[:len(p.slots)-1]
	p.all = append(p.all, c)
	p.children[pid], p.places[c.slot] = c, c
	p.watch(ours.FD)
	p.arm(c)
	return c, nil
}

// environment is a child's: the parent's, but for what is given. Of a variable that
// is there twice the first counts, and an operator who sets GOMAXPROCS or GOMEMLIMIT
// thinks of one process, not of hundreds.
func environment(given ...string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.ContainsFunc(given, func(g string) bool { return strings.HasPrefix(g, name+"=") })
	})
	return append(kept, given...)
}

// garbagePercent is GOGC of a child. The heap of one that holds little grows to 2 MiB
// before it is collected: Go's least heap is 4 MiB times GOGC/100. A connection that
// ends early never pays for a collection.
const garbagePercent = "50"

// lacksWarm reports whether children should be made in advance.
func (p *parent) lacksWarm() bool {
	return len(p.warm) < p.env.Prefork && p.end.IsZero() && p.resume.IsZero() && len(p.slots) > 0
}

// prefork starts one child that waits for a connection.
func (p *parent) prefork(now time.Time) {
	c, err := p.spawn(p.null, birth{})
	if err != nil {
		p.env.Log.Error("can't start a child in advance", "error", err)
		p.calm = now.Add(acceptPause)
		return
	}
	p.warm = append(p.warm, c)
}
