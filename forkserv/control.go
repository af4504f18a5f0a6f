package main

import "threeloops/common/hub"

// The kinds of messages that the parent and its children send each other over the channel
// that carries the room's messages, too. The Hub never sees them. The parent sends the
// first four.
const (
	serveKind    hub.Kind = 64 + iota // here is your connection, number Conn
	shutdownKind                      // finish, and end
	kickKind                          // close your connection
	sendKind                          // send Text to your WebSocket
	servingKind                       // the child has all it needs, and is about to read from connection Conn
	memoryKind                        // the child holds twice as much memory as when it said so last
)
