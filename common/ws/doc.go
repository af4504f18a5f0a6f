// Package ws is the WebSocket protocol of RFC 6455 without sockets: bytes in, events out, and the
// other way round. It serves both ends of a connection.
//
// # Theory of operation
//
// There are two layers. The lower one knows frames: [ParseHeader], [AppendHeader], [AppendFrame] and
// [Mask] are functions without state. The upper one knows messages: a [Reader] puts frames into
// their place and returns [Event] values. The caller pulls events; there are no callbacks:
//
//	for {
//		ev, n := r.Next(p)
//		p = p[n:]
//		switch ev.Kind {
//		case ws.NeedMore:
//			return // p is used up: read more
//		case ws.Data:
//			// ev.Payload is a piece of a message, perhaps all of it
//		case ws.PingFrame:
//			out = ws.AppendFrame(out, ws.Header{Fin: true, Opcode: ws.Pong}, ev.Payload)
//		case ws.CloseFrame, ws.Failed:
//			// send a Close with ev.Code; no further event follows
//		}
//	}
//
// The most important rule: a cut never changes the meaning. TCP carries bytes, not messages, and may
// deliver a frame in one read, in ten, or together with the next one. The same bytes give the same
// messages, the same control frames and the same failure, wherever they are cut. Only the number of a
// message's pieces depends on the cuts. So the Reader checks every rule at the first byte that decides it,
// in the order of the bytes: a header with two faults always fails for the earlier one. A Close frame is the
// exception: the Reader checks it when it is whole, because a part of it has no meaning.
//
// Nothing is copied. Payloads are unmasked in place, and an event refers to the bytes that the caller has
// read. Of a frame that is cut, a Reader keeps the header, at most 14 bytes, and how much of the
// payload is missing. These two determine everything else, also the position in the masking key. So a
// Reader is small, and an idle one keeps no memory beside itself. There is one exception: a control frame
// that is cut inside its payload is collected, because half a Ping is of no use.
//
// Text is checked while it comes, by [UTF8], and a message that can no longer become valid fails at
// the byte that spoils it. A message too big fails at its header. A peer can therefore never make
// the caller wait, or keep memory, for something that is bound to be refused.
//
// # Compression
//
// permessage-deflate (RFC 7692) stands beside all this: [AcceptDeflate] negotiates, [Inflater] and
// [Deflater] work on whole messages. A Reader with [Reader.Rsv1] set lets the mark of a compressed
// message through and does no more: its text is not checked and its size is that of what is sent. So
// the caller collects a marked message, and the Inflater checks text and size of what comes out of it.
// RSV2 and RSV3 are never let through.
//
// An Inflater and a Deflater are large, but no message leaves anything in them. A server of many
// connections in a loop needs one of each for all of them. The one thing that a connection may have
// to keep is a [Window].
//
// # Limitations
//
//   - The opening handshake is HTTP and not done here, but for [ValidKey] and [AppendAccept].
//   - There is no writer. That fragments follow each other, that nothing follows a Close, and that a
//     client's masking keys can't be guessed, is up to the caller.
//   - permessage-deflate is the only extension, and only the server's part of its negotiation is here.
//   - A piece of a message may end inside a character.
//   - The pieces before a failure have been given already; how many depends on how they were cut.
//   - A code's direction is not checked: a server may be sent 1012, which only servers have use for.
//   - A Sec-WebSocket-Key may have any value in the four bits that base64 leaves over.
//   - Of the versions before 13 there are hixie-75 and hixie-76, whose frames a [HixieReader] reads, and 7
//     and 8, for which [Reader.Early] is set. Their frames' lengths have to be in the shortest form too.
package ws
