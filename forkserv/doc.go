// Forkserv serves HTTP and WebSocket with one process for each connection. The parent accepts a
// client, starts a child and gives it the client's socket, and reaps children that have ended. A
// child has only one client, so its code can be read from top to bottom. Whatever happens to a
// child, no other client notices.
//
// Go can't fork as C does. A Go program has several threads, and only the thread that calls fork
// would exist in the child. So the child is a new program: the parent's own executable file
// (/proc/self/exe), executed with the parent's own command line. It finds what the parent gives it
// under fixed descriptor numbers:
//
//	0 1 2  the parent's standard input and output; nothing can be written to 2 yet (see 9)
//	3      its connection; a spare child (-prefork) has none yet
//	4      the bus: a socket to the parent, which also shows that the parent lives
//	5      the board: shared memory with the counters of all processes
//	6 7    the lists of hosts and origins, as the parent read them last
//	8      the directory of -root
//	9      the parent's standard error, which replaces descriptor 2 once the child can run
//
// A child may fail to start: the machine may have no task or no memory left, or a signal that is
// sent to all processes may kill it. So the parent keeps its own descriptor of a connection until
// the child reports that it is ready to serve. If the child dies before that, the parent gives the
// connection to another child; see handover.go.
//
// What connections share, the room at /chat, is in the parent. A child posts what its client says
// on its bus, and the parent sends each child what all clients get. A child is a process, and may
// be slow, stopped or dead at any moment. So the parent never waits for a child; see hub.go.
//
// The parent's loop is in parent.go, and the child's in child.go. The parent's other files are
// spawn.go, which starts children, reap.go, which removes those that have ended, and handover.go,
// which serves the client of a child that could not start. The two ends of the bus are in hub.go
// and bus.go. Both loops wait in poll(2): the child for two descriptors, the parent for its
// listeners and a bus for each child. How to wait for many connections is shown by the other two
// servers.
package main
