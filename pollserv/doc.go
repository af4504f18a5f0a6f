// Pollserv serves HTTP and WebSocket from one goroutine with poll(2). Before each wait it gives the
// kernel the whole list of descriptors that it wants to know about. After the wait it looks through
// the whole list for those that are ready. So the cost of an iteration depends on how many
// descriptors there are, however few of them are ready.
//
// Read loop.go side by side with epollserv's loop.go. Both have the same functions in the same
// order. They differ where poll and epoll differ, and in how they find deadlines that have passed:
// this loop scans all connections, and epollserv keeps them in a heap.
package main
