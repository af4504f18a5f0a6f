package main

import (
	"errors"
	"time"

	"threeloops/common/cli"
	"threeloops/common/hub"
	"threeloops/common/stat"
)

// The parent divides the server's budget of memory among the children. What each
// holds for its client stands on the board. A child keeps itself to an eighth of the
// budget, and tells the parent when it holds more than a MiB and each time that this
// has doubled: nothing else wakes the parent while a client makes its child grow.
const (
	// childShare is the part of the budget that one child may hold.
	childShare = 8
	// worthTelling is from how many bytes on a child tells that it holds them.
	worthTelling = 1 << 20
	// memoryLook is how often the parent looks at the board while more than half of the
	// budget is held.
	memoryLook = 50 * time.Millisecond
)

// relieve stops accepting while three quarters of the budget are held, and ends the
// largest child when all of it is.
func (p *parent) relieve(now time.Time) {
	p.stat.Add(stat.LogDropped, cli.TakeDropped())
	held := p.memoryHeld()
	p.stat.Max(stat.MemoryMost, int(held))
	p.look = time.Time{}
	if held > p.memory/2 {
		p.look = now.Add(memoryLook)
	}
	if p.tight = held > p.memory/4*3; p.tight {
		p.watchListeners(false)
	}
	for held > p.memory {
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
	if c.cfg.Full() {
		c.conn.Evict(now)
	}
	held := c.cfg.Memory()
	switch {
	case held >= worthTelling && held >= 2*c.told:
		c.told = held
		c.bus.Post(now, &hub.Message{Kind: hub.Holds, Conn: c.conn.ID()})
	case held < c.told/4:
		c.told = held
	}
}
