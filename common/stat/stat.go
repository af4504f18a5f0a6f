package stat

import "sync/atomic"

// Counter names one column of a Slot. All only ever grow, except Pid.
type Counter int

// The counters. Bytes are those of the sockets, so framing is included.
const (
	Pid         Counter = iota // process that writes the slot; 0: the slot is free
	Accepted                   // connections accepted
	Closed                     // connections closed
	Refused                    // connections closed unserved: no descriptor, no process
	Requests                   // HTTP requests answered by the application
	BadRequests                // HTTP requests refused by the parser or a timeout
	Upgrades                   // WebSocket handshakes completed
	MessagesIn                 // WebSocket data messages received whole
	MessagesOut                // WebSocket data messages queued
	Pings                      // keep-alive pings sent
	Violations                 // WebSocket connections failed for what the peer sent
	BytesIn                    // bytes read
	BytesOut                   // bytes written, sendfile included
	Rounds                     // returns of poll, epoll_wait
	Ready                      // descriptors reported ready
	SysAccept                  // accept4(2)
	SysRead                    // read(2)
	SysWrite                   // write(2), sendmsg(2)
	SysSendfile                // sendfile(2)
	SysWait                    // poll(2), epoll_wait(2)
	SysCtl                     // epoll_ctl(2)
	SysShutdown                // shutdown(2)
	SysClose                   // close(2) of a connection
	Faults                     // transitions that the phase table declares impossible
	Counters                   // how many there are
)

var names = [Counters]string{
	Pid: "pid", Accepted: "accepted", Closed: "closed", Refused: "refused",
	Requests: "requests", BadRequests: "bad_requests", Upgrades: "upgrades",
	MessagesIn: "messages_in", MessagesOut: "messages_out", Pings: "pings", Violations: "violations",
	BytesIn: "bytes_in", BytesOut: "bytes_out", Rounds: "rounds", Ready: "ready",
	SysAccept: "sys_accept", SysRead: "sys_read", SysWrite: "sys_write", SysSendfile: "sys_sendfile",
	SysWait: "sys_wait", SysCtl: "sys_ctl", SysShutdown: "sys_shutdown", SysClose: "sys_close",
	Faults: "faults",
}

// String is the counter's name in /stats and /metrics.
func (c Counter) String() string { return names[c] }

// Slot is one writer's row of counters. Its memory may be shared with other
// processes, so it is nothing but words.
type Slot [32]uint64

// Add adds n to a counter. Only the slot's one writer may call it.
func (s *Slot) Add(c Counter, n int) { atomic.StoreUint64(&s[c], s[c]+uint64(n)) }

// Set gives a counter a value. Only the slot's one writer may call it.
func (s *Slot) Set(c Counter, v int) { atomic.StoreUint64(&s[c], uint64(v)) }

// Get reads a counter. Anyone may call it.
func (s *Slot) Get(c Counter) uint64 { return atomic.LoadUint64(&s[c]) }

// Board is a table of slots.
type Board []Slot

// Sum adds up one counter over all slots.
func (b Board) Sum(c Counter) uint64 {
	var n uint64
	for i := range b {
		n += b[i].Get(c)
	}
	return n
}

// Retire adds the counts of slot i, whose writer is gone, to slot to, and
// frees it. The caller must be the writer of slot to.
func (b Board) Retire(i, to int) {
	for c := Accepted; c < Counters; c++ {
		b[to].Add(c, int(b[i].Get(c)))
		b[i].Set(c, 0)
	}
	b[i].Set(Pid, 0)
}
