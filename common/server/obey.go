package server

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
)

// Answer is what a loop says to an Order.
type Answer struct {
	Clients []Client // that the order is about
	Done    int      // to how many of them it could be done
}

// Client is what the operator is shown of a connection.
type Client struct {
	ID    uint64
	Pid   int // of the process that serves it
	Peer  netip.AddrPort
	Phase string
	More  string // what else is known, as name=value
}

// Obey does what o says to those of conns that it is about, and answers. Nil ones
// are passed over. touch puts a connection on the loop's list for settle.
func (o *Order) Obey(now time.Time, conns []*conn.Conn, touch func(*conn.Conn)) {
	var a Answer
	for _, c := range conns {
		if c == nil || !o.About(c.ID()) {
			continue
		}
		client := Client{
			ID: c.ID(), Pid: os.Getpid(), Peer: conn.PeerOf(c.FD), Phase: c.Phase(),
			More: fmt.Sprintf("queued=%d", c.Queued()),
		}
		a.Clients = append(a.Clients, client)
		if !o.Fits(client.Peer) {
			continue
		}
		switch o.Verb {
		case Tell:
			if c.SendOperatorText(now, o.Text) {
				a.Done++
			}
		case Kick:
			c.Kick(now)
			touch(c)
			a.Done++
		}
	}
	o.Answer(a)
}

// Announce passes the operator's words on to the members of the room that poll, if it is
// this loop's turn to.
func (o *Order) Announce(now time.Time, bus hub.Bus) {
	if o.Room {
		bus.Post(now, &hub.Message{Kind: hub.Announce, Text: o.Text})
	}
}

// About reports whether o is about the connection with that number.
func (o *Order) About(id uint64) bool { return o.Conn == 0 || o.Conn == id }

// Fits reports whether a client that o is about has the address that it must.
func (o *Order) Fits(peer netip.AddrPort) bool {
	return !o.Addr.IsValid() || o.Addr == plain(peer.Addr())
}

// Answer gives whoever gave the order its answer. It never blocks.
func (o *Order) Answer(a Answer) {
	if o.answers != nil {
		o.answers <- a
	}
}

// plain is the form of an address in which the operator sees it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
