package main

import (
	"net/netip"
	"time"

	"threeloops/common/conn"
	"threeloops/common/stat"
)

// pendingClient is a connection that no child serves yet.
//
// A child sends servingKind when it has all it needs, and before it reads its first byte.
// Until then the parent keeps its own descriptor of the connection. A child that dies
// earlier has read nothing, so another can serve the connection from its first byte;
// and if none can, the parent answers the client itself. No client is reset because a
// child failed to start.
type pendingClient struct {
	fd      int
	id      uint64
	peer    netip.AddrPort
	address *conn.Address // that counts the connection
	deaths  int           // how many children were given it and died before they could serve
}

// noClient is the pending client of a child that has none, or that serves it.
var noClient = pendingClient{fd: -1}

const (
	// maxDeaths is how many children of one client may die before it is answered with a 503.
	maxDeaths = 2
	// maxKeptFDs is how many descriptors of clients the parent keeps. Each is one more
	// than the two of a child's bus; server.Env.ConnLimit leaves 64 descriptors for these,
	// where there are so many. Further clients wait in the backlog.
	maxKeptFDs = 32
)

// rejectedClient is a client that was answered with a 503, whose descriptor is still open:
// see conn.Send503.
type rejectedClient struct {
	fd      int
	closeAt time.Time // when to close fd
}

// canKeepFD reports whether the parent may keep the descriptor of one more client.
func (p *parent) canKeepFD() bool { return p.starting+len(p.rejected) < maxKeptFDs }

// setPending records that a child was given a client but doesn't serve it yet.
func (p *parent) setPending(c *childProc, cl pendingClient) {
	c.id, c.peer, c.address, c.pending = cl.id, cl.peer, cl.address, cl
	p.starting++
}

// takePending removes a child's pending client and returns it to the caller, who closes the
// descriptor or gives it to another child.
func (p *parent) takePending(c *childProc) pendingClient {
	cl := c.pending
	if cl.fd >= 0 {
		p.starting--
	}
	c.pending = noClient
	return cl
}

// reassign gives the client of a child that has died before it could serve to another child,
// or answers it with a 503.
func (p *parent) reassign(now time.Time, cl pendingClient) {
	if now.Sub(p.hintLogged) >= time.Second { // each client that comes may cause a line
		p.hintLogged = now
		p.env.Log.Error("a child died before it could serve: if it was not killed, tasks or memory have run out",
			"raise", "ulimit -u, pids.max (TasksMax), memory.max", "or lower", "-max-children")
	}
	if cl.deaths++; cl.deaths < maxDeaths {
		p.assign(now, cl)
		return
	}
	p.env.Log.Error("can't start a child: a client was turned away", "peer", cl.peer, "dead", cl.deaths)
	p.reject(now, cl)
}

// reject answers a client that no child can serve with a 503, and stops accepting for
// a moment.
func (p *parent) reject(now time.Time, cl pendingClient) {
	p.stat.Add(stat.Refused, 1)
	conn.Send503(cl.fd)
	p.pause(now)
	p.rejected = append(p.rejected, rejectedClient{cl.fd, now.Add(acceptPause)})
	cl.address.Release()
}

// closeRejected closes the connections of clients that were answered with a 503 a moment ago.
func (p *parent) closeRejected(now time.Time) {
	for len(p.rejected) > 0 && !now.Before(p.rejected[0].closeAt) {
		conn.CloseRejected(p.rejected[0].fd)
		p.stat.Add(stat.Closed, 1)
		p.rejected = p.rejected[1:]
	}
}

// closeRejectedAt is when closeRejected has something to do; zero: never.
func (p *parent) closeRejectedAt() time.Time {
	if len(p.rejected) == 0 {
		return time.Time{}
	}
	return p.rejected[0].closeAt
}
