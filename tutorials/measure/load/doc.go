// Package load sends load to a server on this machine, as WebSocket messages to an echo or as HTTP
// requests, and measures how fast the server answers.
//
// # Theory of operation
//
// [Run] starts workers, which are processes of the same program (see [Worker]), and tells them with
// single bytes what to do: connect, begin, count, stop. A worker is one epoll loop on one thread.
// It makes one read and one write for each ready connection, and allocates nothing while it counts.
// So one core of load can ask for more than one core of server can answer. [Result.Busy] shows when
// that isn't so.
//
// All messages are made in advance, in a pool of masked frames that follow each other in memory, so
// that any number of them can be sent without a copy. Each message differs from the one before, and
// the workers compare every byte of an answer. A lost, repeated or wrong answer ends the run.
//
// # Latency
//
// In a closed loop (Rate is 0) each connection keeps Depth messages in flight, and the latency of a
// message counts from the moment when it was given to the kernel. A closed loop waits for a server
// that stalls, and sends it nothing during the stall. If a server stalls for a second, the loop
// sees only one bad sample for each message in flight. In an open loop each message has a time at
// which it should be sent, whatever the server does, and its latency counts from that time. A
// message that is due but unanswered when the counting ends counts as if it had been answered at
// that moment.
//
// # Safety
//
// The package sends load only to loopback addresses, and only if it knows which process has the
// port: see [Options.PID].
//
// # Limitations
//
//   - The masking keys come from a seed and are used again, so that runs can be repeated. RFC 6455
//     5.3 forbids that to clients which carry other people's data.
//   - No TLS, no compression, no fragmented messages. Responses must have a Content-Length.
//   - In a closed loop the latency ends when the loop handles the connection. If many are ready at
//     the same time, that is later than the arrival of the bytes.
package load
