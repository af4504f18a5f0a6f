// Epollserv serves HTTP and WebSocket from one goroutine with epoll(7): it
// tells the kernel once which descriptors it is interested in, and is told
// which of them are ready. What an iteration costs depends on how many are ready,
// not on how many there are.
//
// Read loop.go beside pollserv's: it differs where poll and epoll differ. This loop
// also keeps deadlines in a heap, and that one scans for those that have passed.
package main
