// Package inspect shows what the protocol packages make of bytes that a reader of the course types.
//
// It takes a stream of bytes that is cut into pieces, as TCP may cut it, and passes one piece after
// the other to the readers: [threeloops/common/http1] for requests, [threeloops/common/ws] for
// frames, and its Inflater for compressed messages. Beside them it passes the same bytes to a whole
// protocol core: a session with the servers' own application, as the conformance tests assemble it.
// The [Result] has the events of the readers, the headers of the frames bit by bit, and the core's
// phases and responses.
//
// The package decides nothing about a protocol. Whether a byte is wrong, and why, is the word of
// the readers. Two things are computed here, because the readers don't tell them: at which byte a
// reader refuses the rest (the same bytes are read again one by one, which gives the same error),
// and how many bytes of a character are missing.
//
// # Limitations
//
//   - Requests are read, but no responses: http1 has no reader for them.
//   - The frames of the versions hixie-75 and hixie-76 are shown as bytes only. The core answers
//     them.
//   - The clock of the core stands still at the time of an example in RFC 9110, except for the lines
//     "wait" of a trace.
package inspect
