// Package ws is the WebSocket protocol of RFC 6455 without sockets. It turns bytes into events, and
// frames into bytes. A client and a server can both use it.
//
// # Theory of operation
//
// There are two layers. The lower one knows frames: [ParseHeader], [AppendHeader], [AppendFrame]
// and [Mask] are functions without state. The upper one knows messages: a [Reader] knows where each
// frame belongs, and returns [Event] values. The caller asks for each event; there are no
// callbacks:
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
// The most important rule: a cut never changes the meaning. TCP carries bytes, not messages, and
// may deliver a frame in one read, in ten, or together with the next one. The same bytes give the
// same messages, the same control frames and the same failure, wherever they are cut. Only the
// number of a message's pieces depends on the cuts. So the Reader checks every rule at the first
// byte that decides it, in the order of the bytes: a header with two faults always fails for the
// earlier one. A Close frame is the exception: the Reader checks it when it is whole, because a
// part of it has no meaning.
//
// Nothing is copied. Payloads are unmasked in place, and an event refers to the bytes that the
// caller has read. Of a frame that is cut, a Reader keeps the header, at most 14 bytes, and how
// much of the payload is missing. These two determine everything else, also the position in the
// masking key. So a Reader is small, and an idle one keeps no memory beside itself. There is one
// exception: a control frame that is cut inside its payload is collected, because half a Ping is of
// no use.
//
// [UTF8] checks a text while it arrives, so a text fails at its first byte that can't be part of
// any UTF-8 text. A message that is too big fails at its header. So a peer can never make the
// caller wait, or keep memory, for a message that will be refused anyway.
//
// # Compression
//
// The two layers don't compress. permessage-deflate (RFC 7692) has its own functions:
// [AcceptDeflate] negotiates, and [Inflater] and [Deflater] process whole messages. A Reader with
// [Reader.Rsv1] set accepts the RSV1 bit, which marks a compressed message, and reports it in the
// event. It doesn't check the text of a marked message, and it limits the compressed size. So the
// caller collects a marked message, and the Inflater checks the text and the size of its output.
// RSV2 and RSV3 are always an error.
//
// An Inflater and a Deflater take much memory, but keep nothing of a message that is done. So a
// loop needs only one of each for all its connections. With context takeover a connection also
// keeps a [Window].
//
// # Limitations
//
//   - The opening handshake is HTTP, so this package has only [ValidKey] and [AppendAccept] of it.
//   - There is no writer. The caller must send the fragments of a message in their order, must send
//     nothing after a Close, and must choose masking keys that nobody can guess.
//   - permessage-deflate is the only extension, and only the server's side of its negotiation is
//     here.
//   - A piece of a message may end inside a character.
//   - If a message fails, the caller has already got its earlier pieces. Their number depends on
//     the cuts.
//   - Nothing checks which side sends a code: a client may send 1012, although it makes sense only
//     from a server.
//   - A Sec-WebSocket-Key may have any value in the four bits that base64 doesn't use.
//   - Of the protocol versions before 13 there are four: hixie-75 and hixie-76, whose frames a
//     [HixieReader] reads, and 7 and 8, for which the caller sets [Reader.Hybi07]. In versions 7
//     and 8 too, the length of a frame must be in its shortest form.
package ws
