package main

import (
	"net/netip"
	"time"

	"threeloops/common/conn"
	"threeloops/common/stat"
)

// pendingClient is a connection that was accepted, and that no child serves yet.
//
// The hand-over of a connection has three steps:
//
//	1  The parent gives a child a descriptor of the connection, and keeps its own.
//	2  The child posts servingKind when it has all it needs, before it reads the first byte.
//	3  The parent receives servingKind and closes its own descriptor.
//
// Between 1 and 3 both have a descriptor, so the connection stays open if the child dies. A child
// that dies before 2 has read nothing. So another child can serve the connection from its first
// byte, and if no child can, the parent itself sends a 503. No client is reset because a child
// failed to start.
type pendingClient struct {
	fd      int // the parent's own descriptor
	id      uint64
	peer    netip.AddrPort
	address *conn.Address // counts the connection
	deaths  int           // how many children got it and died before they served it
}

// noClient is the pending client of a child that has no client yet, or serves it already.
var noClient = pendingClient{fd: -1}

const (
	// maxDeaths is how many children may die with one client before it gets a 503.
	maxDeaths = 2
	// maxKeptFDs is how many clients' descriptors the parent keeps. They come on top of the two
	// descriptors for the bus of each child: server.Env.ConnLimit leaves at least 64 descriptors
	// for such purposes, if there are enough. Further clients wait in the backlog.
	maxKeptFDs = 32
)

// rejectedClient is a client that has got a 503 and whose descriptor is still open. If it were
// closed immediately, with the request unread, the connection would be reset, and the client might
// never see the response (see conn.Send503).
type rejectedClient struct {
	fd      int
	closeAt time.Time // when to close fd
}

// canKeepFD reports whether the parent may keep the descriptor of one more client.
func (p *parent) canKeepFD() bool { return p.starting+len(p.rejected) < maxKeptFDs }

// setPending records that a child was given a client and doesn't serve it yet.
func (p *parent) setPending(c *childProc, cl pendingClient) {
	c.id, c.peer, c.address, c.pending = cl.id, cl.peer, cl.address, cl
	p.starting++
}

// takePending removes a child's pending client and returns it, or noClient. The caller now owns the
// descriptor: it closes it, or gives it to another child.
func (p *parent) takePending(c *childProc) pendingClient {
	cl := c.pending
	if cl.fd >= 0 {
		p.starting--
	}
	c.pending = noClient
	return cl
}

// reassign gives a client to another child, after the client's child has died before it served. If
// maxDeaths children have died with this client, it gets a 503 instead.
func (p *parent) reassign(now time.Time, cl pendingClient) {
	// At most one line a second: while the machine has no task left, every client causes one.
	if now.Sub(p.hintLogged) >= time.Second {
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

// reject sends a 503 to a client that no child can serve, and stops accepting for acceptPause: the
// next client would most likely get a 503 too, and can wait in the backlog instead.
func (p *parent) reject(now time.Time, cl pendingClient) {
	p.stat.Add(stat.Refused, 1)
	conn.Send503(cl.fd)
	p.pause(now)
	p.rejected = append(p.rejected, rejectedClient{cl.fd, now.Add(acceptPause)})
	cl.address.Release()
}

// closeRejected closes the connections of rejected clients whose time has come.
func (p *parent) closeRejected(now time.Time) {
	for len(p.rejected) > 0 && !now.Before(p.rejected[0].closeAt) {
		conn.CloseRejected(p.rejected[0].fd)
		p.stat.Add(stat.Closed, 1)
		p.rejected = p.rejected[1:]
	}
}

// closeRejectedAt is when closeRejected next has something to do; zero: never.
func (p *parent) closeRejectedAt() time.Time {
	if len(p.rejected) == 0 {
		return time.Time{}
	}
	return p.rejected[0].closeAt
}
