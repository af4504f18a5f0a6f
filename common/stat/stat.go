package stat

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
)

// Counter is the index of a column in a Slot.
type Counter int

// The columns that identify the writer of a slot. Those after Pid are for a writer that serves a
// single connection.
const (
	Pid      Counter = iota // process that writes the slot; 0 if the slot is free
	Conn                    // number of its one connection; 0 for none or several
	Phase                   // phase of that connection, see session.PhaseName
	peerHigh                // address of its peer in 16 bytes, see Slot.Peer
	peerLow
	peerPort
	identities
)

// The counters. See Kind for which of them only grow. Bytes are counted at the socket, so they
// include framing.
const (
	Accepted       Counter = identities + iota // connections accepted
	Closed                                     // connections closed
	Refused                                    // connections rejected with 503, see Help
	Requests                                   // HTTP requests answered by the application
	BadRequests                                // HTTP requests refused as malformed or too slow
	Upgrades                                   // WebSocket handshakes completed
	MessagesIn                                 // WebSocket data messages received completely
	MessagesOut                                // WebSocket data messages queued
	Pings                                      // keep-alive pings sent
	Violations                                 // WebSockets failed because of the peer's data
	BytesIn                                    // bytes read
	BytesOut                                   // bytes written, including those of sendfile
	Rounds                                     // returns from poll(2), epoll_wait(2)
	Ready                                      // descriptors reported ready
	SysAccept                                  // accept4(2)
	SysRead                                    // read(2)
	SysWrite                                   // write(2), sendmsg(2)
	SysSendfile                                // sendfile(2)
	SysWait                                    // poll(2), epoll_wait(2)
	SysCtl                                     // epoll_ctl(2)
	SysShutdown                                // shutdown(2)
	SysClose                                   // close(2) of a connection
	Faults                                     // transitions that should be impossible
	QueueMost                                  // most bytes that ever waited for one peer
	WorkSpent                                  // iterations that used up the budget of work
	Memory                                     // bytes of memory held for clients now
	MemoryMost                                 // most bytes of memory ever held for clients
	MemoryEnded                                // connections evicted for lack of memory
	Files                                      // files open for clients now
	FilesMost                                  // most files ever open for clients
	FilesWaited                                // requests that waited for the budget of files
	AddressRefused                             // connections refused: too many from an address
	LogDropped                                 // log lines dropped because the log had no room
	Counters                                   // number of columns
)

// Kind says how the values of a counter are combined.
type Kind uint8

// The kinds. When the writer of a slot is gone, its totals and maxima are kept, and its levels are
// dropped.
const (
	Total   Kind = iota // only grows; a Sum adds up the slots
	Level               // goes up and down; a Sum adds up the slots
	Maximum             // only grows; a Sum is the largest of the slots
)

// Kind returns the kind of a counter.
func (c Counter) Kind() Kind {
	switch c {
	case Memory, Files:
		return Level
	case QueueMost, MemoryMost, FilesMost:
		return Maximum
	}
	return Total
}

var names = [Counters]string{
	Pid: "pid", Conn: "connection", Phase: "phase",
	peerHigh: "peer_high", peerLow: "peer_low", peerPort: "peer_port",
	Accepted: "accepted", Closed: "closed", Refused: "refused",
	Requests: "requests", BadRequests: "bad_requests", Upgrades: "upgrades",
	MessagesIn: "messages_in", MessagesOut: "messages_out", Pings: "pings", Violations: "violations",
	BytesIn: "bytes_in", BytesOut: "bytes_out", Rounds: "rounds", Ready: "ready",
	SysAccept: "sys_accept", SysRead: "sys_read", SysWrite: "sys_write", SysSendfile: "sys_sendfile",
	SysWait: "sys_wait", SysCtl: "sys_ctl", SysShutdown: "sys_shutdown", SysClose: "sys_close",
	Faults: "faults", QueueMost: "queue_most", WorkSpent: "work_spent",
	Memory: "memory", MemoryMost: "memory_most", MemoryEnded: "memory_ended",
	Files: "files", FilesMost: "files_most", FilesWaited: "files_waited",
	AddressRefused: "address_refused", LogDropped: "log_dropped",
}

var help = [Counters]string{
	Accepted: "connections accepted", Closed: "connections closed",
	Refused:  "connections rejected with 503, because no descriptor or process was left or their address had too many",
	Requests: "HTTP requests answered", BadRequests: "HTTP requests refused as malformed or too slow",
	Upgrades: "WebSocket handshakes completed", MessagesIn: "WebSocket messages received",
	MessagesOut: "WebSocket messages queued", Pings: "keep-alive pings sent",
	Violations: "WebSocket connections failed because of what the peer sent",
	BytesIn:    "bytes read from connections", BytesOut: "bytes written to connections",
	Rounds: "returns from poll or epoll_wait", Ready: "descriptors reported ready",
	SysAccept: "calls of accept4", SysRead: "calls of read", SysWrite: "calls of write and sendmsg",
	SysSendfile: "calls of sendfile", SysWait: "calls of poll and epoll_wait", SysCtl: "calls of epoll_ctl",
	SysShutdown: "calls of shutdown", SysClose: "calls of close for a connection",
	Faults:    "transitions that should be impossible",
	QueueMost: "most bytes that ever waited for one peer to read",
	WorkSpent: "iterations that used up the budget of work, so that input waited for the next iteration",
	Memory:    "bytes of memory held for clients", MemoryMost: "most bytes of memory that one loop, or all children, ever held for clients",
	MemoryEnded: "connections evicted because the budget of memory was used up",
	Files:       "files open for clients", FilesMost: "most files that one loop, or all children, ever had open for clients",
	FilesWaited:    "requests that waited for the budget of files",
	AddressRefused: "connections refused because their address had too many",
	LogDropped:     "log lines dropped because the log had no room",
}

// Help returns a description of the counter in one line.
func (c Counter) Help() string { return help[c] }

// String returns the name of the counter in /stats and /metrics.
func (c Counter) String() string { return names[c] }

// Slot is the row of one writer. It consists of uint64s, because its memory may be shared with
// other processes. Its size is a whole number of cache lines, to avoid false sharing between
// writers.
type Slot [40]uint64

// Add adds n to a counter. Only the writer of the slot may call it.
func (s *Slot) Add(c Counter, n int) { atomic.StoreUint64(&s[c], s[c]+uint64(n)) }

// Max raises a maximum to n if it is less. Only the writer of the slot may call it.
func (s *Slot) Max(c Counter, n int) {
	if uint64(n) > s[c] {
		atomic.StoreUint64(&s[c], uint64(n))
	}
}

// Set sets a column to v. Only the writer of the slot may call it.
func (s *Slot) Set(c Counter, v int) { atomic.StoreUint64(&s[c], uint64(v)) }

// Get returns the value of a column. Everybody may call it.
func (s *Slot) Get(c Counter) uint64 { return atomic.LoadUint64(&s[c]) }

// Assign sets the connection and the peer that the writer of the slot serves. The process that
// hands over the connection calls it before the writer starts.
func (s *Slot) Assign(conn uint64, peer netip.AddrPort) {
	a := peer.Addr().As16()
	atomic.StoreUint64(&s[peerHigh], binary.BigEndian.Uint64(a[:8]))
	atomic.StoreUint64(&s[peerLow], binary.BigEndian.Uint64(a[8:]))
	atomic.StoreUint64(&s[peerPort], uint64(peer.Port()))
	atomic.StoreUint64(&s[Conn], conn)
}

// Peer returns the address that Assign has set.
func (s *Slot) Peer() netip.AddrPort {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], s.Get(peerHigh))
	binary.BigEndian.PutUint64(a[8:], s.Get(peerLow))
	return netip.AddrPortFrom(netip.AddrFrom16(a).Unmap(), uint16(s.Get(peerPort)))
}

// Board is a table of slots.
type Board []Slot

// Sum returns the total of a counter over all slots. For a maximum, it returns the largest value.
func (b Board) Sum(c Counter) uint64 {
	var n uint64
	for i := range b {
		if v := b[i].Get(c); c.Kind() == Maximum {
			n = max(n, v)
		} else {
			n += v
		}
	}
	return n
}

// Open returns the number of open connections. The counters can change while it reads them, and
// then more connections may seem to be closed than accepted. It returns 0 in that case.
func (b Board) Open() uint64 {
	closed := b.Sum(Closed)
	return max(b.Sum(Accepted), closed) - closed
}

// Retire adds the counts of slot i, whose writer is gone, to slot to, and frees slot i. The caller
// must be the writer of slot to.
func (b Board) Retire(i, to int) {
	for c := Accepted; c < Counters; c++ {
		switch n := int(b[i].Get(c)); c.Kind() {
		case Maximum:
			b[to].Max(c, n)
		case Total:
			b[to].Add(c, n)
		}
		b[i].Set(c, 0)
	}
	for c := range identities {
		b[i].Set(c, 0)
	}
}
