// Package http1 reads HTTP/1.1 and HTTP/1.0 requests (RFC 9110, RFC 9112) and knows no socket: bytes go in,
// in whatever pieces they arrive, and events come out. It also writes the few parts of a response that are
// the same for every server: the status line and the date.
//
// # Theory of operation
//
// The head of a request is its request line and header fields, with the empty line at their end (RFC 9112 2.1).
// A [Reader] reads one request. Its caller gives it what has been received, again and again, until it says
// that it needs more:
//
//	for {
//		ev, n := r.Next(p)
//		p = p[n:]
//		switch ev.Kind {
//		case http1.Head:     // r.Request() is valid: decide what becomes of the body
//		case http1.Body:     // ev.Data is the body's next piece
//		case http1.End:      // respond; r.Reset, and the next request begins at p
//		case http1.Failed:   // respond with ev.Err.Status, then close
//		case http1.NeedMore: // p is empty; r.Keep if its memory is used again, then receive
//			return
//		}
//	}
//
// Three laws hold, and the tests are about little else.
//
// Cutting never changes the meaning. The same bytes give the same requests and the same error, whole or one
// by one. That is why a line of the head is checked when it is complete, and not before, why lines are
// checked in their order, and why a limit counts as passed before anything after it is checked. The method
// is the exception: its bytes are checked one at a time. So a TLS client at the wrong port is refused at its
// first byte, not by a timeout.
//
// What lies whole isn't copied. A head that has come in one piece is parsed where it is, and the [Request] is
// a table of offsets into it. Only one that has been cut is collected, in a buffer that the Reader keeps for
// the next; and [Reader.Keep] copies one whose place is about to be used for the body. Bodies are never
// copied: pieces are handed on. Nothing is allocated for a request, except to make that buffer grow.
//
// No byte is looked for twice. A client that sends a head byte by byte costs more calls, but not more for
// each of them.
//
// # When in doubt, refuse
//
// Where two readers of one message disagree about where it ends, the second request of one is the first one's
// body, and a client can have a proxy see the one and the server the other: request smuggling. So nothing is
// forgiven here that says where a line, a field or a request ends: not a bare LF, not a folded line, not a
// blank in front of a colon, not a second Content-Length, not one beside a Transfer-Encoding. Each refusal is
// an [Error] with its own status and reason; after one the rest of the input is discarded, since nobody knows
// where it would begin.
//
// # Limitations
//
//   - Requests only. There is no client side, and no reader of responses.
//   - A request target may have any visible ASCII character but "#", for browsers send some that RFC 3986
//     wants escaped. Bytes above 0x7f are refused.
//   - The scheme of an absolute target is http. One of https is refused: there is no TLS here.
//   - A host is checked by its characters. Whether "[::1::]" or the port 99999 can exist is not. IPvFuture
//     and zones are refused.
//   - Field values are bytes. Quoted strings and comments within them are left to the callers that know the field, and
//     [Request.HasToken] would be misled by a comma in quotes.
//   - An empty member in the list of Transfer-Encoding is refused, against RFC 9110 5.6.1.2.
//   - The only transfer coding is chunked. Trailers and chunk extensions are checked and dropped.
//   - A chunk size of more than 16 digits is refused, even if they are zeros.
//   - 100 fields and 100 trailers at most, whatever the limits are.
//   - Time-outs are the caller's business: there is no clock here. So is any rule about which host is served.
package http1
