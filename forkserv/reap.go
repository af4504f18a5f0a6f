package main

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// wakeOnSIGCHLD wakes the parent at SIGCHLD. One signal may stand for many children.
func (p *parent) wakeOnSIGCHLD() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, sys.SIGCHLD)
	go func() {
		for range signals {
			p.sigchld.Wake()
		}
	}()
}

// reap removes every child that has ended.
func (p *parent) reap(now time.Time) {
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

// remove removes a child that has ended. Its last messages are received first, and a client
// that it didn't serve goes to another child.
func (p *parent) remove(now time.Time, c *childProc, status sys.WaitStatus) {
	p.bySlot[c.slot] = nil // nothing more is sent to it
	c.ending = true        // never signal it: the PID may be reused
	for p.receiveFrom(now, c) {
	}
	p.hub.PlaceLost(now, c.slot)
	cl := p.takePending(c)
	p.forget(c)
	if c.id != 0 && cl.fd < 0 && p.board[c.slot].Get(stat.Closed) == 0 {
		p.stat.Add(stat.Closed, 1) // it died before it counted that itself
	}
	p.board.Retire(c.slot, 0)
	p.freeSlots = append(p.freeSlots, c.slot)
	if status.Signaled() || status.ExitStatus() != 0 {
		p.env.Log.Error("a child has failed",
			"pid", c.pid, "id", c.id, "peer", c.peer, "status", describe(status))
		if c.id == 0 {
			p.preforkAt = now.Add(acceptPause) // or the next spare would die as soon, and the next
		}
	}
	if cl.fd >= 0 {
		p.reassign(now, cl)
	} else {
		c.address.Release()
	}
}

// forget removes a child from all lists, and closes its bus.
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
