package server

import (
	"fmt"
	"net/netip"
	"time"

	"threeloops/common/conn"
	"threeloops/common/hub"
	"threeloops/common/sys"
)

// Result is what a loop reports about a Command that it has run.
type Result struct {
	Clients []Client // the clients that the command concerns
	Done    int      // how many of them it succeeded for
}

// Client describes a connection for the operator.
type Client struct {
	ID    uint64
	Pid   int // the process that serves it
	Peer  netip.AddrPort
	Phase string
	More  string // further facts, as name=value
}

// Execute runs cmd on the connections of conns that it concerns, and sends the result. It skips nil
// conns. schedule puts a connection on the loop's list for settle.
func (cmd *Command) Execute(now time.Time, conns []*conn.Conn, schedule func(*conn.Conn)) {
	var result Result
	for _, c := range conns {
		if c == nil || !cmd.Concerns(c.ID()) {
			continue
		}
		client := Client{
			ID: c.ID(), Pid: sys.Getpid(), Peer: conn.PeerOf(c.FD), Phase: c.Phase(),
			More: fmt.Sprintf("queued=%d", c.Queued()),
		}
		result.Clients = append(result.Clients, client)
		if !cmd.MatchesAddr(client.Peer) {
			continue
		}
		switch cmd.Kind {
		case SendCommand:
			if c.SendOperatorText(now, cmd.Text) {
				result.Done++
			}
		case KickCommand:
			c.Kick(now)
			schedule(c)
			result.Done++
		}
	}
	cmd.SendResult(result)
}

// Announce sends the operator's message to the members of the room that poll, if cmd.Room says that
// this loop does so.
func (cmd *Command) Announce(now time.Time, bus hub.Bus) {
	if cmd.Room {
		bus.Post(now, &hub.Message{Kind: hub.Announce, Text: cmd.Text})
	}
}

// Concerns reports whether cmd is about the connection with the number id.
func (cmd *Command) Concerns(id uint64) bool { return cmd.Conn == 0 || cmd.Conn == id }

// MatchesAddr reports whether a client has the address that cmd requires.
func (cmd *Command) MatchesAddr(peer netip.AddrPort) bool {
	return !cmd.Addr.IsValid() || cmd.Addr == canonicalAddr(peer.Addr())
}

// SendResult sends the result to the console, if the command came from there. It never blocks.
func (cmd *Command) SendResult(a Result) {
	if cmd.results != nil {
		cmd.results.Put(a)
	}
}

// canonicalAddr is an address as the console writes it: IPv4 in its short form, and without a zone.
func canonicalAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
