// Package million connects as many WebSockets to one server as the machine allows, and measures what
// they cost: memory of the server, of the clients and of the kernel, CPU time, and round-trip times.
//
// # Theory of operation
//
// RLIMIT_NOFILE limits a table of descriptors, and Linux gives a table to each task that asks for
// one: a thread that calls unshare(CLONE_FILES) has its own. So a process of many threads can have
// many times as many sockets as the limit says. The server does that with a loop for each table
// ([Loops] says how many it needs), and the clients do the same: they are one child process, the
// crowd, whose threads each have a table and an epoll instance ([Child]).
//
// A client is a 4-tuple of two addresses and two ports. A pair of addresses has about 28,000 ports
// for one server port, so the clients use many addresses of 127.0.0.0/8.
//
// # Memory
//
// Both ends are on this machine, and the kernel's part of their memory can't be swapped. [Run] first
// opens a thousand connections, measures what they cost, and computes how many fit. It then allows
// the crowd a few connections more at a time, after a look at the memory that is left. The crowd never
// opens a connection that isn't allowed. So if this process is slow, the crowd waits.
//
// # Limitations
//
//   - SO_REUSEPORT distributes clients over loops by a hash. Loops can't take over each other's
//     clients, so each loop needs room for more than its share.
//   - The idle clients neither send nor answer pings. The server must have an idle timeout that is
//     longer than the run.
//   - All clients use one masking key, which RFC 6455 5.3 forbids to clients of other people's data.
package million
