package main

import (
	"errors"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/stat"
)

// The children share the server's budget of memory. Each writes on the board how much it holds for
// its client, so each can compute how much is left for it, which is at most an eighth of the
// budget. So the children keep to the budget themselves, whatever the parent is doing. But many
// children that each hold little may hold too much together. So a child also reports to the parent
// when memory may become short, because nothing else wakes the parent while clients make their
// children grow.
const (
	// One child may hold 1/childShare of the budget, or minChildShare bytes if that is more.
	childShare    = 8
	minChildShare = 1 << 20
	// reportFromBytes is how many bytes a child holds when it first asks itself whether to report. It
	// asks again each time that this has doubled. So if all children together hold more than the
	// budget, some child has found that they hold more than half of it.
	reportFromBytes = 64 << 10
	// largeChild is how many bytes a child holds when it reports in any case.
	largeChild = 1 << 20
	// memoryCheckInterval is how often the parent reads the board while more than half of the
	// budget is held.
	memoryCheckInterval = 50 * time.Millisecond
)

// enforceMemory stops accepting while the children hold more than three quarters of the budget. It
// kills the largest child when they hold more than all of it, or when the three quarters have been
// exceeded for conn.EvictDelay.
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
		p.killChild(c, errors.New("it holds the most memory, and the server has none left"))
	}
}

// holds is how many bytes a child holds for its client. A child that was killed counts as 0,
// because the kernel is about to free its memory.
func (p *parent) holds(c *childProc) int64 {
	if c.ending {
		return 0
	}
	return int64(p.board[c.slot].Get(stat.Memory))
}

// memoryHeld is how many bytes all children hold for their clients.
func (p *parent) memoryHeld() (n int64) {
	for _, c := range p.all {
		n += p.holds(c)
	}
	return n
}

// largest is the child that holds the most; nil if none holds anything.
func (p *parent) largest() (found *childProc) {
	var most int64
	for _, c := range p.all {
		if n := p.holds(c); n > most {
			found, most = c, n
		}
	}
	return found
}

// enforceMemory keeps the child within its allowance. When what the child holds has doubled, it
// reports to the parent if memory may become short. When it has shrunk to less than a quarter, the next
// doubling counts from there.
func (c *child) enforceMemory(now time.Time) {
	c.cfg.MaxMemory = c.allowance()
	if c.cfg.Full() {
		c.conn.Evict(now)
	}
	held := c.cfg.Memory()
	switch {
	case held >= reportFromBytes && held >= 2*c.reportedBytes:
		c.reportedBytes = held
		if held >= largeChild || c.othersHold()+held > c.memory/2 {
			c.bus.Post(now, &hub.Message{Kind: memoryKind, Conn: c.conn.ID()})
		}
	case held < c.reportedBytes/4:
		c.reportedBytes = held
	}
}

// allowance is how many bytes the child may hold: its share of the budget, or what the others leave
// if that is less, but at least half of minChildShare.
func (c *child) allowance() int64 {
	share, held := max(c.memory/childShare, minChildShare), c.cfg.Memory()
	if held < minChildShare/4 {
		return share // it holds so little that reading the whole board isn't worth it
	}
	return max(min(share, c.memory-c.othersHold()), minChildShare/2)
}

// othersHold is how many bytes the other children hold.
func (c *child) othersHold() int64 {
	return int64(c.board.Sum(stat.Memory)) - int64(c.stat.Get(stat.Memory))
}
