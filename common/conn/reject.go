package conn

import "threeloops/common/sys"

// unavailable is a response that needs no process and no descriptor. It is sent before the request
// is read, and a response to HEAD has no content (RFC 9110 9.3.2): so it is a header section alone,
// and the end of the connection ends it.
var unavailable = []byte("HTTP/1.1 503 Service Unavailable\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"\r\n")

// Send503 answers a client that can't be served with a 503, whatever it asks
// for, and sends a FIN. The caller closes the descriptor a moment later, with
// CloseRejected: closed immediately, with the request unread, the connection would
// be reset, and the client might never see the response.
func Send503(fd int) {
	sys.Write(fd, unavailable) // an empty socket buffer has room for it
	sys.Shutdown(fd, sys.SHUT_WR)
}

// CloseRejected reads what a client that got a 503 has sent, and closes. It stops reading
// after 64 KiB.
func CloseRejected(fd int) {
	var b [4096]byte
	for reads, n := 0, 1; n > 0 && reads < 16; reads++ {
		n, _ = sys.Read(fd, b[:])
	}
	sys.Close(fd)
}
