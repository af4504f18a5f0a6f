// Package tracetest plays traces: scripts of what a client sends and of what
// must come back, byte by byte, written down once and played against a Session
// in memory and against a server's socket alike. It also has a loop in memory,
// Loop, for tests that need more than a script.
//
// # The language
//
// A trace is a text file. Its first line is the rule that it proves, and the
// name of its test:
//
//	# RFC 6455 5.5.1: a Close payload of one byte is a protocol error
//	open /echo
//	> 88 81 00 00 00 00 03
//	< close 1002
//	< fin
//
// Further lines that begin with # are notes. All others are steps, which are
// done in their order:
//
//	with FLAG...      the server's flags; before any other step. A value
//	                  list:a,b stands for a file that lists a and b
//	> ITEM...         the peer sends bytes
//	> | TEXT          the peer sends TEXT and CRLF. {ETag} in it, or any field's
//	                  name in braces, is the value in the response before
//	> fin             the peer sends its FIN; it still reads
//	> rst             the peer resets the connection; the last step
//	< ITEM...         exactly these bytes come
//	< status N [xM]   a response with status N comes; or M responses
//	< has F[: VALUE]  ... and has the field F (and its value is VALUE, or
//	                  begins with it, where VALUE ends in "...")
//	< no F            ... and has no field F
//	< body none       ... and no body, whatever Content-Length says (HEAD)
//	< body ITEM...    ... and exactly this body. Without any such line the
//	                  body may be anything of the length announced
//	< upgraded        the response to the item handshake comes
//	< joined ITEM...  a message comes, in any number of fragments; ITEM... is
//	                  the same message as one frame
//	< inflated ITEM... the same for a compressed message, inflated; its first
//	                  frame alone has RSV1
//	< fin             the server's FIN comes, and nothing before it
//	< closed          the same, but a reset will do as well
//	< gone            the connection ends, with a FIN or a reset, after
//	                  anything
//	< dropped DURATION the server resets the connection although the peer reads
//	                  nothing: within DURATION on the virtual clock, over a
//	                  socket as soon as a busy machine lets it
//	< silence         nothing has come
//	open PATH         > handshake PATH, < upgraded
//	stall             the peer reads nothing until the next <
//	wait DURATION     time passes: on the virtual clock, or really
//
// Adjacent lines with > are one block: one write. An empty line ends a block.
//
// # Items
//
//	88 81 ff          bytes in hexadecimal
//	"GET /\r\n"       a Go string
//	repeat N ITEM     ITEM, N times
//	pattern N         N letters that don't repeat soon
//	( ITEM... )       several items as one
//	get PATH          a GET request for PATH, with a Host
//	handshake PATH    the request that opens a WebSocket
//	offer PATH "..."  the same with fields Sec-WebSocket-Extensions, a string
//	                  each
//	text ITEM...      a frame of this payload; likewise binary, cont (for a
//	                  continuation), ping, pong. Those sent by the peer are
//	                  masked. The payload reaches to a comma, or to the end of
//	                  the line or the parenthesis
//	part text ...     a frame without FIN
//	marked text ...   a frame with RSV1; also marked part text ...
//	deflate ITEM      what permessage-deflate makes of ITEM
//	close [N [ITEM..]] a Close frame: code, reason
//
// # Cutting
//
// What a stream of bytes means must not depend on how it is cut. So a trace is
// played whole (each block in one write), byte by byte, and cut at places that
// a seed decides, with expectations that are always the same. Of a block of
// more than 16 KiB, byte by byte means single bytes for its first and last 4096
// bytes and random pieces between; over a socket 2 KiB and 512 bytes.
//
// Over a socket a cut may heal on the way: what is written in two pieces can be
// read as one. The player waits until each piece is acknowledged before it
// sends the next, so that most cuts stay cuts; in memory all do.
package tracetest
