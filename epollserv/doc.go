// Epollserv serves HTTP and WebSocket from one goroutine with epoll(7): it
// tells the kernel once which descriptors it is interested in, and is told
// which of them are ready. What a round costs depends on how many are ready,
// not on how many there are.
//
// Read loop.go beside pollserv's: what differs there is the difference between
// poll and epoll, and nothing else is.
package main
