package main

import (
	"errors"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/stat"
)

// The children share the server's budget of memory. What each holds for its client
// stands on the board, where every child sees what is left for it: at most an eighth of
// the budget. So the children keep to the budget themselves, whatever the parent is doing. A
// child also tells the parent when it holds more than a MiB and each time that this has
// doubled: nothing else wakes the parent while a client makes its child grow.
const (
	// childShare is the part of the budget that one child may hold, but at least minChildShare
	// bytes.
	childShare    = 8
	minChildShare = 1 << 20
	// reportFromBytes is from how many bytes on a child reports what it holds.
	reportFromBytes = 1 << 20
	// memoryCheckInterval is how often the parent reads the board while more than half of the
	// budget is held.
	memoryCheckInterval = 50 * time.Millisecond
)

// enforceMemory stops accepting while children hold three quarters of the budget, and kills the
// largest child when they hold all of it.
func (p *parent) enforceMemory(now time.Time) {
	p.stat.Add(stat.LogDropped, p.env.TakeDropped())
	held := p.memoryHeld()
	p.stat.Max(stat.MemoryMost, int(held))
	p.memoryCheckAt = time.Time{}
	if held > p.memory/2 {
		p.memoryCheckAt = now.Add(memoryCheckInterval)
	}
	p.stat.Max(stat.FilesMost, int(p.board.Sum(stat.Files)))
	tight := held > p.memory/4*3
	if !tight || !p.tight {
		p.evictAt = now.Add(conn.EvictDelay)
	}
	if p.tight = tight; tight {
		p.watchListeners(false)
	}
	overdue := !now.Before(p.evictAt)
	for held > p.memory || overdue && held > p.memory/4*3 {
		c := p.largest()
		if c == nil {
			return
		}
		held -= p.holds(c)
		p.stat.Add(stat.MemoryEnded, 1)
		p.killChild(c, errors.New("it holds the most, and the server has no memory left"))
	}
}

// holds is how many bytes a child holds for its client. A child that was killed
// holds nothing: the kernel takes it back.
func (p *parent) holds(c *childProc) int64 {
	if c.ending {
		return 0
	}
	return int64(p.board[c.slot].Get(stat.Memory))
}

func (p *parent) memoryHeld() (n int64) {
	for _, c := range p.all {
		n += p.holds(c)
	}
	return n
}

func (p *parent) largest() (found *childProc) {
	var most int64
	for _, c := range p.all {
		if n := p.holds(c); n > most {
			found, most = c, n
		}
	}
	return found
}

// enforceMemory keeps the child within its share of the memory, and tells the parent when what
// it holds has doubled.
func (c *child) enforceMemory(now time.Time) {
	c.cfg.MaxMemory = c.allowance()
	if c.cfg.Full() {
		c.conn.Evict(now)
	}
	held := c.cfg.Memory()
	switch {
	case held >= reportFromBytes && held >= 2*c.reportedBytes:
		c.reportedBytes = held
		c.bus.Post(now, &hub.Message{Kind: memoryKind, Conn: c.conn.ID()})
	case held < c.reportedBytes/4:
		c.reportedBytes = held
	}
}

// allowance is how many bytes the child may hold: its share, or less if the others
// leave less of the budget.
func (c *child) allowance() int64 {
	share, held := max(c.memory/childShare, minChildShare), c.cfg.Memory()
	if held < minChildShare/4 {
		return share // too little to read the board for
	}
	others := int64(c.board.Sum(stat.Memory)) - int64(c.stat.Get(stat.Memory))
	return max(min(share, c.memory-others), minChildShare/2)
}
