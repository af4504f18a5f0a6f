package main

import (
	"net/netip"
	"time"

	"threeloops/common/conn"
	"threeloops/common/stat"
)

// newcomer is a connection that no child serves yet.
//
// A child says Serving when it has all it needs, and before it reads its first byte.
// Until then the parent keeps its own descriptor of the connection. A child that dies
// earlier has read nothing, so another can serve the connection from its first byte;
// and if none can, the parent answers the client itself. No client is reset because a
// child failed to start.
type newcomer struct {
	fd   int
	id   uint64
	peer netip.AddrPort
	from *conn.Address // which counts the connection
	dead int           // children that were given it and died before they could serve
}

// nobody stands for the client of a child that has none, or that serves it.
var nobody = newcomer{fd: -1}

const (
	// mostDead is how many children may die over one client before it is turned away.
	mostDead = 2
	// mostKept is how many descriptors of clients the parent keeps. Each is one more
	// than the two of a child's bus; server.Env.ConnLimit leaves 64 descriptors for these,
	// where there are so many. Further clients wait in the backlog.
	mostKept = 32
)

// refusal is a client that was turned away, whose descriptor is still open: see
// conn.TurnAway.
type refusal struct {
	fd  int
	end time.Time // when to close it
}

// hasRoom reports whether the parent may keep the descriptor of one more client.
func (p *parent) hasRoom() bool { return p.starting+len(p.away) < mostKept }

// expect notes that a child was given a client but doesn't serve it yet.
func (p *parent) expect(c *offspring, cl newcomer) {
	c.id, c.peer, c.from, c.newcomer = cl.id, cl.peer, cl.from, cl
	p.starting++
}

// release forgets the parent's descriptor of a child's client, and returns it to the
// caller, who closes it or gives it to another child.
func (p *parent) release(c *offspring) newcomer {
	cl := c.newcomer
	if cl.fd >= 0 {
		p.starting--
	}
	c.newcomer = nobody
	return cl
}

// unserved deals with the client of a child that has died before it could serve.
func (p *parent) unserved(now time.Time, cl newcomer) {
	if now.Sub(p.hinted) >= time.Second { // each client that comes may need a line
		p.hinted = now
		p.env.Log.Error("a child died before it could serve: if it was not killed, tasks or memory have run out",
			"raise", "ulimit -u, pids.max (TasksMax), memory.max", "or lower", "-max-children")
	}
	if cl.dead++; cl.dead < mostDead {
		p.entrust(now, cl)
		return
	}
	p.env.Log.Error("can't start a child: a client was turned away", "peer", cl.peer, "dead", cl.dead)
	p.refuse(now, cl)
}

// refuse answers a client that no child can serve with a 503, and stops accepting for
// a moment.
func (p *parent) refuse(now time.Time, cl newcomer) {
	p.stat.Add(stat.Refused, 1)
	conn.TurnAway(cl.fd)
	p.pause(now)
	p.away = append(p.away, refusal{cl.fd, now.Add(acceptPause)})
	cl.from.Leave()
}

// part closes the connections of clients that were turned away a moment ago, in the
// order in which they were.
func (p *parent) part(now time.Time) {
	for len(p.away) > 0 && !now.Before(p.away[0].end) {
		conn.Part(p.away[0].fd)
		p.stat.Add(stat.Closed, 1)
		p.away = p.away[1:]
	}
}

// parting is when part has something to do; zero: never.
func (p *parent) parting() time.Time {
	if len(p.away) == 0 {
		return time.Time{}
	}
	return p.away[0].end
}
