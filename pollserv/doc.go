// Pollserv serves HTTP and WebSocket from one goroutine with poll(2): before
// each wait it hands the kernel the whole list of descriptors it is interested
// in, and afterwards looks through the whole list for those that are ready.
// What a round costs depends on how many there are, not on how many are ready.
//
// Read loop.go beside epollserv's: what differs there is the difference between
// poll and epoll, and nothing else is.
package main
