// Package http1 reads HTTP/1.1 and HTTP/1.0 requests (RFC 9110, RFC 9112). It has no socket: the
// caller passes in bytes, in whatever pieces they arrive, and gets events back. It also writes the
// few parts of a response that are the same for every server: the status line and the date.
//
// # Theory of operation
//
// The head of a request is its request line and header fields, including the empty line at their
// end (RFC 9112 2.1). A [Reader] reads one request. Its caller passes it the bytes that have been
// received, and calls it again and again until it asks for more:
//
//	for {
//		ev, n := r.Next(p)
//		p = p[n:]
//		switch ev.Kind {
//		case http1.Head:     // r.Request() is valid: decide what to do with the body
//		case http1.Body:     // ev.Data is the next piece of the body
//		case http1.End:      // respond, then r.Reset; the next request begins at p
//		case http1.Failed:   // respond with ev.Err.Status, then close
//		case http1.NeedMore: // p is empty; r.Keep if its memory is reused, then receive
//			return
//		}
//	}
//
// Three laws hold. Most tests of this package check them.
//
// Cutting never changes the meaning. The same bytes give the same requests and the same error,
// whether they arrive in one piece or one by one. Three rules follow from this law: a line is
// checked only when it is complete, lines are checked in their order, and a limit counts as passed
// before anything after it is checked. The method is the exception: its bytes are checked one at a
// time. So a TLS client that connects to this port is refused at its first byte and doesn't run
// into a timeout.
//
// A head in one piece isn't copied. It is parsed where it is, and the [Request] is a table of
// offsets into it. A head that arrives in several pieces is collected in a buffer, which the Reader
// keeps for the next request. [Reader.Keep] copies a head whose memory the caller is about to
// reuse. Bodies are never copied: the caller gets the pieces of p. A request allocates nothing,
// unless a buffer of the Reader has to grow.
//
// No byte is searched twice. A client that sends a head byte by byte causes more calls, but each of
// these calls costs no more than usual.
//
// # When in doubt, refuse
//
// Request smuggling needs two readers that disagree about where a message ends. Then the second
// request of one reader is part of the first body for the other, and a client can show one request
// to a proxy and another to the server. So this package is strict about everything that says where
// a line, a field or a request ends. It refuses a bare LF, a folded line, a blank before a colon, a
// second Content-Length, and a Content-Length next to a Transfer-Encoding. Each refusal is an
// [Error] with its own status and reason. After a refusal the rest of the input is discarded,
// because nobody knows where the next request would begin.
//
// # Limitations
//
//   - The package reads requests only. It has no client side and reads no responses.
//   - A request target may contain every visible ASCII character except "#", because browsers send
//     some characters that RFC 3986 wants escaped. Bytes above 0x7f are refused.
//   - The scheme of an absolute target is http. A target with https is refused, because the servers
//     don't support TLS.
//   - A host is checked character by character. Nothing checks whether an address such as "[::1::]"
//     or a port such as 99999 can exist. An address with a zone is refused.
//   - Field values are bytes. Quoted strings and comments in a value are left to the caller that
//     knows the field. [Request.HasToken] takes a comma within quotes for the end of a list member.
//   - An empty member in the list of Transfer-Encoding is refused, although RFC 9110 5.6.1.2 allows
//     it.
//   - The only transfer coding is chunked. Trailers and chunk extensions are checked and dropped.
//   - A chunk size of more than 16 digits is refused, even if the first ones are zeros.
//   - A head has at most 100 fields, and a chunked body at most 100 trailers, whatever the limits
//     are.
//   - The package has no clock. Timeouts are left to the caller, and so is the decision which hosts
//     are served.
package http1
