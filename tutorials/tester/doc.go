// Package tester tests a server from outside, in whatever language the server is written. It plays
// the clients that a server meets on the Internet, and reports the symptom that each of them saw. It
// never reports the cause: finding that is the learner's part.
//
// A check is a row of the table in table.go. It belongs to a chapter, and runs for some kinds of
// server:
//
//	line   sends every line back when the line's end (\n) has arrived
//	http   answers each GET with 200 and the same body
//	ws     sends every WebSocket message back
//	room   sends every WebSocket message to all clients, the sender included
//
// If Options.Server names a command, the tester starts a new process for every check, so no check
// sees the damage of an earlier one. If Options.Addr names a running server, the tester can check
// only what the network shows.
//
// Options.Record gets what each client does and gets, with its address and times, so that a caller can
// draw it beside the system calls of the server. With strace in Options.Under, the server is traced: it
// is slower then, and the checks are the same.
//
// The checks wait for conditions, up to a generous deadline. For example, a request must arrive in
// pieces: the tester sends the next piece when the server has read the one before and sleeps again.
// It learns both from the kernel, which reports on the server's socket and threads. Four judgements
// still depend on time. An answer counts as missing after Options.Patience, so on a very busy machine
// a correct server may fail. A server counts as not reading if it takes none of a client's bytes for
// half a second. stall compares how long answers took. And laggard sees how long the server sleeps while
// a message is due. If the server isn't on this machine, or if the tester hasn't started it, the tester
// knows less and uses fixed pauses instead.
package tester
