package conn

import "threeloops/common/sys"

// unavailable is the response to a rejected client. It is sent before the request is read. The
// request may be a HEAD, and a response to HEAD has no content (RFC 9110 9.3.2). So the response
// has only header fields, and ends with the connection.
var unavailable = []byte("HTTP/1.1 503 Service Unavailable\r\n" +
	"Retry-After: 1\r\n" +
	"Connection: close\r\n" +
	"\r\n")

// Send503 sends a 503 and a FIN to a client that can't be served. It doesn't read the request. The
// caller must close the descriptor a moment later, with CloseRejected. If it closed it immediately,
// with an unread request, the kernel would reset the connection, and the client might never see the
// response.
func Send503(fd int) {
	sys.Write(fd, unavailable) // never blocks, because the socket buffer is empty
	sys.Shutdown(fd, sys.SHUT_WR)
}

// CloseRejected reads the bytes that a rejected client has sent, at most 64 KiB, and closes fd.
func CloseRejected(fd int) {
	var b [4096]byte
	for reads, n := 0, 1; n > 0 && reads < 16; reads++ {
		n, _ = sys.Read(fd, b[:])
	}
	sys.Close(fd)
}
