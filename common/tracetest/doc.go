// Package tracetest plays traces. A trace is a script of the bytes that a client
// sends and of the bytes that must come back. The same trace is played against a
// Session in memory and against a server's socket. For tests that need more than
// a script the package has a loop in memory, Loop.
//
// # The language
//
// A trace is a text file. Its first line is the rule that it tests. This line is
// also the name of the Go test:
//
//	# RFC 6455 5.5.1: a Close payload of one byte is a protocol error
//	open /echo
//	> 88 81 00 00 00 00 03
//	< close 1002
//	< fin
//
// Further lines that begin with # are notes. All other lines are steps, which
// are played in order:
//
//	with FLAG...      the server's flags; before any other step. A value
//	                  list:a,b stands for a file that lists a and b
//	> ITEM...         the peer sends bytes
//	> | TEXT          the peer sends TEXT and CRLF. {ETag} in it, or any field's
//	                  name in braces, is the field's value in the last response
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
//	< upgraded        the correct response to the item handshake comes
//	< joined ITEM...  a message comes, in any number of fragments; ITEM... is
//	                  the same message as one frame
//	< inflated ITEM... the same for a compressed message, inflated; its first
//	                  frame alone has RSV1
//	< fin             the server's FIN comes, and nothing before it
//	< closed          the same, but a reset is accepted, too
//	< gone            the connection ends, with a FIN or a reset, after
//	                  anything
//	< dropped DURATION the server resets the connection while the peer reads
//	                  nothing: within DURATION on the virtual clock, or within
//	                  a minute over a socket
//	< silence         nothing comes
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
//	pattern N         N letters, the same each time, without visible repetition
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
// The meaning of a stream of bytes must not depend on how it is cut. So a trace
// is played whole (each block in one write), byte by byte, and cut at places
// that a seed decides, always with the same expectations. A block of more than
// 16 KiB is not completely sent byte by byte: only its first and last 4096 bytes
// are, and the rest goes in random pieces. Over a socket this holds for blocks
// of more than 2 KiB, and for 512 bytes at each end.
//
// Over a socket the server may read two pieces at the same time. The player
// waits until each piece is acknowledged before it sends the next, so most cuts
// have an effect. In memory all have.
package tracetest
