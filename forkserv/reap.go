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

// ringOnExit rings a bell at SIGCHLD. One signal may stand for many children.
func (p *parent) ringOnExit() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, sys.SIGCHLD)
	go func() {
		for range signals {
			p.chld.Ring()
		}
	}()
}

// reap takes note of every child that has ended.
func (p *parent) reap(now time.Time) {
	p.chld.Quiet()
	for {
		var status sys.WaitStatus
		pid, err := sys.Wait4(-1, &status, sys.WNOHANG)
		if err == sys.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if c := p.children[pid]; c != nil {
			p.remove(now, c, status)
		}
	}
}

// remove forgets a child that has ended. What it has said counts, and a client that
// it didn't serve goes to another.
func (p *parent) remove(now time.Time, c *offspring, status sys.WaitStatus) {
	p.places[c.slot] = nil // nothing more is for it
	c.shut = true          // nor is it to be killed: its number may be another's by now
	for p.listen(now, c) {
	}
	p.hub.PlaceLost(now, c.slot)
	cl := p.release(c)
	p.forget(c)
	if c.id != 0 && cl.fd < 0 && p.board[c.slot].Get(stat.Closed) == 0 {
		p.stat.Add(stat.Closed, 1) // it could not count that itself any more
	}
	p.board.Retire(c.slot, 0)
	p.slots = append(p.slots, c.slot)
	if status.Signaled() || status.ExitStatus() != 0 {
		p.env.Log.Error("a child has failed",
			"pid", c.pid, "id", c.id, "peer", c.peer, "status", describe(status))
		if c.id == 0 {
			p.calm = now.Add(acceptPause) // or the one in its place would die as soon, and the next
		}
	}
	if cl.fd >= 0 {
		p.unserved(now, cl)
	} else {
		c.from.Leave()
	}
}

// forget takes a child off all lists, and closes its bus.
func (p *parent) forget(c *offspring) {
	delete(p.children, c.pid)
	if i := slices.Index(p.warm, c); i >= 0 {
		p.warm = slices.Delete(p.warm, i, i+1)
	}
	last := len(p.all) - 1
	p.all[c.at], p.fds[p.first+c.at] = p.all[last], p.fds[p.first+last]
	p.all[c.at].at = c.at
	p.all[last] = nil
	p.all, p.fds = p.all[:last], p.fds[:p.first+last]
	c.ours.Close()
	c.theirs.Close()
}

func describe(s sys.WaitStatus) string {
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprintf("exit status %d", s.ExitStatus())
}
