package conn

import "threeloops/common/sys"

// turnedAway can't depend on a process that could not be started, nor on a descriptor that
// isn't there. It is sent before the request is read, and a response to HEAD has no content
// (RFC 9110 9.3.2): so it is a header section alone, and the end of the connection ends it.
var turnedAway = []byte("HTTP/1.1 503 Service Unavailable\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"\r\n")

// TurnAway answers a client that can't be served with a 503, whatever it asks
// for, and says that nothing follows. The caller closes the descriptor a moment
// later, by Part: closed at once, with the request unread, the connection would
// be reset, and the client might never see the reply.
func TurnAway(fd int) {
	sys.Write(fd, turnedAway) // an empty socket buffer has room for it
	sys.Shutdown(fd, sys.SHUT_WR)
}

// Part reads what a client that was turned away has sent, and closes. One that
// sends more than a request's worth is not worth the time.
func Part(fd int) {
	var b [4096]byte
	for reads, n := 0, 1; n > 0 && reads < 16; reads++ {
		n, _ = sys.Read(fd, b[:])
	}
	sys.Close(fd)
}
