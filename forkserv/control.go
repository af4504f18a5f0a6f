package main

import "threeloops/common/hub"

// Messages by which the parent controls its children, and by which children report to the parent.
// They use the same channel as the room's messages, but the Hub never sees them.
const (
	// From the parent to a child.

	serveKind    hub.Kind = 64 + iota // serve connection Conn; its descriptor comes along
	shutdownKind                      // finish what is under way, and end
	kickKind                          // close the connection
	sendKind                          // send Text to the WebSocket

	// From a child to the parent.

	servingKind // the child has all it needs, and is about to read from connection Conn
	memoryKind  // the child holds twice as much memory as at its last report
)
