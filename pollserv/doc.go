// Pollserv serves HTTP and WebSocket from one goroutine with poll(2): before
// each wait it hands the kernel the whole list of descriptors it is interested
// in, and afterwards looks through the whole list for those that are ready.
// What an iteration costs depends on how many there are, not on how many are ready.
//
// Read loop.go beside epollserv's: it differs where poll and epoll differ. This loop
// also scans for deadlines that have passed, and that one keeps them in a heap.
package main
