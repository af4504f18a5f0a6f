// Forkserv serves HTTP and WebSocket with a process for each connection. The
// parent accepts, starts a child and hands it the socket, and reaps children
// that have ended. A child knows one client and waits for no other, so its code can
// be read from top to bottom; and whatever happens to it, no other
// client notices.
//
// Go can't fork as C does: a Go program has several threads, and only the one
// that calls fork would live on in the child. So the child is a new program,
// exec'd from the parent's own file (/proc/self/exe) with the parent's own
// command line. It finds what it was given under fixed descriptor numbers:
//
//	0 1 2  the parent's standard input, output and error
//	3      its connection; a spare child (-prefork) has none yet
//	4      the bus: a socket to the parent, and the sign that it lives
//	5      the board: shared memory with the counters of all processes
//	6 7    the lists of hosts and origins, as the parent has read them last
//	8      the directory of -root
//	9      its later standard error: until the child can run, descriptor 2 takes no text
//
// A child may fail to start: the machine has no task or no memory left, or a signal to
// all processes kills it. So the parent keeps its own descriptor of a connection until
// the child says that it serves, and gives the connection to another child if it dies
// before that; see handover.go.
//
// What connections share, the room at /chat, is in the parent: a child posts what
// its client says on its bus, and the parent sends each child what all clients get.
// A child is a process and may be slow, stopped or dead at any moment, so the
// parent never waits for one: see hub.go.
//
// Parent.go has the parent's loop, child.go the child's. Spawn.go starts children, reap.go
// removes those that have ended, and handover.go serves the client of a child that could
// not start. Hub.go and bus.go have the two ends of the bus. Both loops wait in poll(2), the
// child for two descriptors, the parent for its listeners and a bus for each child; the other
// two servers show how to wait for many connections.
package main
