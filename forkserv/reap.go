package main

import (
	"fmt"
	"slices"
	"time"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// wakeOnSIGCHLD makes SIGCHLD wake the parent's loop, by the waker that the loop polls.
func (p *parent) wakeOnSIGCHLD() {
	signals := sys.Notify(sys.SIGCHLD)
	sys.Go(func() {
		for {
			signals.Wait(sys.Forever)
			p.sigchld.Wake()
		}
	})
}

// reap waits for every child that has ended (wait(2)) and removes it. Without that, the kernel
// would keep an entry of its process table for each of them, a zombie.
//
// It runs in settle only, so no child disappears while an iteration handles its events.
func (p *parent) reap(now time.Time) {
	// First clear the waker, and then wait: a child that ends in between sets it again, so no
	// child is missed. One SIGCHLD may stand for many children, so reap goes on until wait4
	// returns none.
	p.sigchld.Clear()
	for {
		var status sys.WaitStatus
		pid, err := sys.Wait4(-1, &status, sys.WNOHANG)
		if err == sys.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if c := p.byPID[pid]; c != nil {
			p.remove(now, c, status)
		}
	}
}

// remove removes a child that has ended, and gives a client that it didn't serve to another child.
func (p *parent) remove(now time.Time, c *childProc, status sys.WaitStatus) {
	p.bySlot[c.slot] = nil // nothing more is sent to it
	c.ending = true        // never signal it: since wait4, another process may have its PID
	// A child may have posted messages just before it ended, which are still in its bus: for
	// instance that its client has left the room, or servingKind, which decides about cl below.
	for p.receiveFrom(now, c) {
	}
	p.hub.PlaceLost(now, c.slot) // its members leave, if they have not said so themselves
	cl := p.takePending(c)
	p.forget(c)
	if c.id != 0 && cl.fd < 0 && p.board[c.slot].Get(stat.Closed) == 0 {
		p.stat.Add(stat.Closed, 1) // it died before it counted that itself
	}
	p.board.Retire(c.slot, 0) // its counts are added to slot 0, so that no sum decreases
	p.freeSlots = append(p.freeSlots, c.slot)
	if status.Signaled() || status.ExitStatus() != 0 {
		p.env.Log.Error("a child has failed",
			"pid", c.pid, "id", c.id, "peer", c.peer, "status", describe(status))
		if c.id == 0 {
			p.preforkAt = now.Add(acceptPause) // the next spare would most likely die the same way
		}
	}
	if cl.fd >= 0 { // it never posted servingKind, so it has read nothing from this client
		p.reassign(now, cl)
	} else {
		c.address.Release()
	}
}

// forget removes a child from all lists, and closes both ends of its bus. The last child takes its
// place in all and fds, so that all[i] and fds[first+i] are always the same child.
func (p *parent) forget(c *childProc) {
	delete(p.byPID, c.pid)
	if i := slices.Index(p.spare, c); i >= 0 {
		p.spare = slices.Delete(p.spare, i, i+1)
	}
	last := len(p.all) - 1
	p.all[c.index], p.fds[p.first+c.index] = p.all[last], p.fds[p.first+last]
	p.all[c.index].index = c.index
	p.all[last] = nil
	p.all, p.fds = p.all[:last], p.fds[:p.first+last]
	c.parentEnd.Close()
	c.childEnd.Close()
}

func describe(s sys.WaitStatus) string {
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}

// killAll kills the children that are left, and waits for their end.
func (p *parent) killAll() {
	for _, c := range p.all {
		sys.Kill(c.pid, sys.SIGKILL)
	}
	for len(p.byPID) > 0 {
		var status sys.WaitStatus
		pid, err := sys.Wait4(-1, &status, 0)
		if err != nil && err != sys.EINTR {
			break
		}
		delete(p.byPID, pid)
	}
}
