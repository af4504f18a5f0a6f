// Package load makes load for a server on this machine, WebSocket echo or HTTP, and measures how
// fast it is answered.
//
// # Theory of operation
//
// [Run] starts workers, which are processes of the same program (see [Worker]), and tells them by
// single bytes what to do: connect, begin, count, stop. A worker is one epoll loop on one
// thread. It makes one read and one write for each connection that is ready, and allocates nothing
// while it counts, so that a core of load is more than a core of server can answer. Where it isn't,
// [Result.Busy] says so.
//
// All that is sent is made beforehand: a pool of masked frames that lie one behind the
// other, so that any number of them is sent without a copy. Each message differs from the one before,
// and every byte that comes back is compared. A lost, repeated or wrong answer ends the run.
//
// # Latency
//
// In a closed loop (Rate is 0) each connection keeps Depth messages under way, and latency is
// counted from the moment a message was handed to the kernel. A closed loop waits for
// a server that stalls, and so asks it nothing while it stalls: of a second's standstill it sees
// one bad sample for each message under way. In an open loop each message has a time at which it
// is meant to be sent, whatever the server does, and latency is counted from that time. What is due
// and unanswered when the counting ends is counted as having taken until then.
//
// # Safety
//
// Only loopback addresses are loaded, and only when it is known whose port it is: see [Options.PID].
//
// # Limitations
//
//   - The masking keys come from a seed and are used again, so that runs can be repeated. RFC 6455 5.3
//     forbids that to clients which carry other people's data.
//   - No TLS, no compression, no fragmented messages; responses must have a Content-Length.
//   - Latency in a closed loop is measured when the loop comes to a connection: when many are ready at
//     once, after its bytes have come.
package load
