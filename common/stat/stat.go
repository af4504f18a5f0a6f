package stat

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
)

// Counter names one column of a Slot.
type Counter int

// The columns that identify a slot's writer. Those after Pid are for a writer that
// serves a single connection.
const (
	Pid      Counter = iota // process that writes the slot; 0: the slot is free
	Conn                    // number of its one connection; 0: it serves several, or none yet
	Phase                   // where that one stands, see session.PhaseName
	peerHigh                // its address in 16 bytes, see Slot.Peer
	peerLow
	peerPort
	identities
)

// The counters; Kind tells which of them only ever grow. Bytes are those of the
// sockets, so framing is included.
const (
	Accepted       Counter = identities + iota // connections accepted
	Closed                                     // connections closed
	Refused                                    // connections answered with 503: no descriptor, no process, too many of one address
	Requests                                   // HTTP requests answered by the application
	BadRequests                                // HTTP requests refused by the parser or a timeout
	Upgrades                                   // WebSocket handshakes completed
	MessagesIn                                 // WebSocket data messages received whole
	MessagesOut                                // WebSocket data messages queued
	Pings                                      // keep-alive pings sent
	Violations                                 // WebSocket connections failed for what the peer sent
	BytesIn                                    // bytes read
	BytesOut                                   // bytes written, sendfile included
	Rounds                                     // returns of poll, epoll_wait
	Ready                                      // descriptors reported ready
	SysAccept                                  // accept4(2)
	SysRead                                    // read(2)
	SysWrite                                   // write(2), sendmsg(2)
	SysSendfile                                // sendfile(2)
	SysWait                                    // poll(2), epoll_wait(2)
	SysCtl                                     // epoll_ctl(2)
	SysShutdown                                // shutdown(2)
	SysClose                                   // close(2) of a connection
	Faults                                     // transitions that the phase table declares impossible
	QueueMost                                  // most bytes that ever waited for one peer to read
	WorkSpent                                  // rounds whose budget of work was used up
	Memory                                     // bytes held for clients now
	MemoryMost                                 // most bytes that were ever held for them
	MemoryEnded                                // connections ended because the budget of memory was used up
	Files                                      // files open for clients now
	FilesMost                                  // most files that were ever open for them
	FilesWaited                                // requests that waited for the budget of files
	AddressRefused                             // connections refused because their address had too many
	LogDropped                                 // lines that the log had no room for
	Counters                                   // how many there are
)

// Kind says how a counter's values are put together.
type Kind uint8

// The kinds. When a slot's writer is gone, its totals and maxima stay, and its levels
// don't.
const (
	Total   Kind = iota // only grows; those of slots are added up
	Level               // goes up and down; those of slots are added up
	Maximum             // only grows; of slots it is the largest
)

// Kind is Total, Level or Maximum.
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
	Refused:  "connections answered with 503, because a descriptor or a process was missing or their address had too many",
	Requests: "HTTP requests answered", BadRequests: "HTTP requests refused as malformed or too slow",
	Upgrades: "WebSocket handshakes completed", MessagesIn: "WebSocket messages received",
	MessagesOut: "WebSocket messages queued", Pings: "keep-alive pings sent",
	Violations: "WebSocket connections failed for what the peer sent",
	BytesIn:    "bytes read from connections", BytesOut: "bytes written to connections",
	Rounds: "returns of poll or epoll_wait", Ready: "descriptors reported ready",
	SysAccept: "calls of accept4", SysRead: "calls of read", SysWrite: "calls of write and sendmsg",
	SysSendfile: "calls of sendfile", SysWait: "calls of poll and epoll_wait", SysCtl: "calls of epoll_ctl",
	SysShutdown: "calls of shutdown", SysClose: "calls of close, of a connection",
	Faults:    "transitions that should be impossible",
	QueueMost: "most bytes that ever waited for one peer to read",
	WorkSpent: "rounds whose budget of work was used up, so that input waited for the next",
	Memory:    "bytes of memory held for clients", MemoryMost: "most bytes of memory that one loop, or all children, ever held for clients",
	MemoryEnded: "connections ended because the budget of memory was used up",
	Files:       "files open for clients", FilesMost: "most files that one loop, or all children, ever had open for clients",
	FilesWaited:    "requests that waited for the budget of files",
	AddressRefused: "connections refused because their address had too many",
	LogDropped:     "lines that the log had no room for",
}

// Help says in a line what a counter counts.
func (c Counter) Help() string { return help[c] }

// String is the counter's name in /stats and /metrics.
func (c Counter) String() string { return names[c] }

// Slot is one writer's row of columns. It has only uint64s, because its memory may be
// shared with other processes, and it is a whole number of cache lines, to avoid false
// sharing between writers.
type Slot [40]uint64

// Add adds n to a counter. Only the slot's one writer may call it.
func (s *Slot) Add(c Counter, n int) { atomic.StoreUint64(&s[c], s[c]+uint64(n)) }

// Max makes a maximum n, if n is more. Only the slot's one writer may call it.
func (s *Slot) Max(c Counter, n int) {
	if uint64(n) > s[c] {
		atomic.StoreUint64(&s[c], uint64(n))
	}
}

// Set gives a column a value. Only the slot's one writer may call it.
func (s *Slot) Set(c Counter, v int) { atomic.StoreUint64(&s[c], uint64(v)) }

// Get reads a column. Anyone may call it.
func (s *Slot) Get(c Counter) uint64 { return atomic.LoadUint64(&s[c]) }

// Assign sets which connection the slot's writer serves, and its peer. The process
// that hands over the connection calls it before the writer begins.
func (s *Slot) Assign(conn uint64, peer netip.AddrPort) {
	a := peer.Addr().As16()
	atomic.StoreUint64(&s[peerHigh], binary.BigEndian.Uint64(a[:8]))
	atomic.StoreUint64(&s[peerLow], binary.BigEndian.Uint64(a[8:]))
	atomic.StoreUint64(&s[peerPort], uint64(peer.Port()))
	atomic.StoreUint64(&s[Conn], conn)
}

// Peer is the address that Assign was given.
func (s *Slot) Peer() netip.AddrPort {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], s.Get(peerHigh))
	binary.BigEndian.PutUint64(a[8:], s.Get(peerLow))
	return netip.AddrPortFrom(netip.AddrFrom16(a).Unmap(), uint16(s.Get(peerPort)))
}

// Board is a table of slots.
type Board []Slot

// Sum adds up one counter over all slots; of a maximum it is the
// largest.
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

// Open is how many connections are open. Others go on counting meanwhile, so
// more may seem to be closed than were accepted.
func (b Board) Open() uint64 {
	closed := b.Sum(Closed)
	return max(b.Sum(Accepted), closed) - closed
}

// Retire adds the counts of slot i, whose writer is gone, to slot to, and
// frees it. The caller must be the writer of slot to.
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
