// Epollserv serves HTTP and WebSocket from one goroutine with epoll(7). It tells the kernel once
// which descriptors it wants to know about, and each wait returns only those that are ready. So the
// cost of an iteration depends on how many descriptors are ready, however many there are. With
// -loops it has several such goroutines, each with its own share of the clients, its own thread and
// its own descriptor table.
//
// Read loop.go side by side with pollserv's loop.go. Both have the same functions in the same
// order. They differ where poll and epoll differ, and in how they find deadlines that have passed:
// this loop keeps them in a heap, and pollserv scans all connections.
package main
