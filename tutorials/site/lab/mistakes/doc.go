// Command mistakes is an echo server with epoll(7). On request it makes one of five mistakes that are
// common in event loops, so that the laboratory can show what a mistake does. With -mistake=none it
// makes none.
//
//	armed   goes on watching a connection for EPOLLOUT after all output was sent
//	edge    watches with EPOLLET, but reads only once for each event
//	stale   closes a descriptor while events of the same wait still name it
//	held    lets a helper program inherit the descriptor of a connection
//	zombie  never waits for its helper programs
//
// A message that begins with "!" starts a helper program, which runs for two seconds. The server
// answers "started" and ends the connection.
//
// With the tag sim, or with GOOS=js, the program plays scenarios on the simulated kernel, as the
// three servers do:
//
//	echo 'at 1s A connects' | go run -tags sim ./tutorials/site/lab/mistakes -mistake=edge
package main
