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
// the budget. So the children keep to it themselves, whatever the parent is doing. A
// child also tells the parent when it holds more than a MiB and each time that this has
// doubled: nothing else wakes the parent while a client makes its child grow.
const (
	// childShare is the part of the budget that one child may hold, but at least leastShare
	// bytes.
	childShare = 8
	leastShare = 1 << 20
	// worthTelling is from how many bytes on a child tells that it holds them.
	worthTelling = 1 << 20
	// memoryLook is how often the parent looks at the board while more than half of the
	// budget is held.
	memoryLook = 50 * time.Millisecond
)

// relieve stops accepting while three quarters of the budget are held, and ends the
// largest child when all of it is.
func (p *parent) relieve(now time.Time) {
	p.stat.Add(stat.LogDropped, p.env.TakeDropped())
	held := p.memoryHeld()
	p.stat.Max(stat.MemoryMost, int(held))
	p.look = time.Time{}
	if held > p.memory/2 {
		p.look = now.Add(memoryLook)
	}
	p.stat.Max(stat.FilesMost, int(p.board.Sum(stat.Files)))
	tight := held > p.memory/4*3
	if !tight || !p.tight {
		p.patience = now.Add(conn.TightPatience)
	}
	if p.tight = tight; tight {
		p.watchListeners(false)
	}
	impatient := !now.Before(p.patience)
	for held > p.memory || impatient && held > p.memory/4*3 {
		c := p.largest()
		if c == nil {
			return
		}
		held -= p.holds(c)
		p.stat.Add(stat.MemoryEnded, 1)
		p.abandon(c, errors.New("it holds the most, and the server has no memory left"))
	}
}

// holds is how many bytes a child holds for its client. Of one that is being ended
// that is nothing: the kernel takes it back.
func (p *parent) holds(c *offspring) int64 {
	if c.shut {
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

func (p *parent) largest() (found *offspring) {
	var most int64
	for _, c := range p.all {
		if n := p.holds(c); n > most {
			found, most = c, n
		}
	}
	return found
}

// relieve keeps the child to its share of the memory, and tells the parent when what
// it holds has doubled.
func (c *child) relieve(now time.Time) {
	c.cfg.MaxMemory = c.allowance()
	if c.cfg.Full() {
		c.conn.Evict(now)
	}
	held := c.cfg.Memory()
	switch {
	case held >= worthTelling && held >= 2*c.told:
		c.told = held
		c.bus.Post(now, &hub.Message{Kind: holdsKind, Conn: c.conn.ID()})
	case held < c.told/4:
		c.told = held
	}
}

// allowance is how many bytes the child may hold: its share, or less if the others
// leave less of the budget.
func (c *child) allowance() int64 {
	share, held := max(c.memory/childShare, leastShare), c.cfg.Memory()
	if held < leastShare/4 {
		return share // it is not worth a look at the board
	}
	others := int64(c.board.Sum(stat.Memory)) - int64(c.stat.Get(stat.Memory))
	return max(min(share, c.memory-others), leastShare/2)
}
