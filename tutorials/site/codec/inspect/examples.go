package inspect

import (
	"encoding/hex"
	"strings"

	"threeloops/common/ws"
)

// Example is bytes that are worth looking at.
type Example struct {
	Name    string // for links
	Title   string
	Note    string // what to look at
	RFC     string // the section that it is about
	URL     string // of that section
	Request Request
}

// Answer describes in a line what the core sends, or is "" if it sends nothing.
func (e *Example) Answer() string {
	var parts []string
	for _, p := range Inspect(e.Request).Pieces {
		for _, ev := range p.Events {
			if ev.Answer != nil {
				parts = append(parts, ev.Answer.Parts...)
			}
			if ev.Answer != nil && ev.Answer.Fin {
				parts = append(parts, "FIN")
			}
		}
	}
	return strings.Join(parts, "; ")
}

// Group is examples of one kind.
type Group struct {
	ID, Title string
	Examples  []Example
}

// Examples returns all examples: those of RFC 6455 5.7, mistakes, and what else a cut may meet.
func Examples() []Group {
	return []Group{
		{"examples-rfc", "The examples of RFC 6455, section 5.7", ofTheRFC()},
		{"examples-frames", "Common mistakes in frames", frameMistakes()},
		{"examples-requests", "Common mistakes in requests", requestMistakes()},
		{"examples-more", "More to cut", more()},
	}
}

// key is the masking key of the examples in RFC 6455 5.7.
var key = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// masked returns a frame of a client in hexadecimal.
func masked(h ws.Header, payload string) string {
	h.Masked, h.Key = true, key
	return hexOf(ws.AppendFrame(nil, h, []byte(payload)))
}

// example makes an Example of frames, a line for each.
func example(name, title, note, rfc, direction string, lines ...string) Example {
	return Example{
		Name: name, Title: title, Note: note, RFC: rfc, URL: urlOf(rfc),
		Request: Request{Form: "hex", Text: strings.Join(lines, "\n"), Direction: direction, Protocol: "websocket", Deflate: "off"},
	}
}

// urlOf returns the address of a section, which is named as in "RFC 6455, section 5.7".
func urlOf(rfc string) string {
	number, section, _ := strings.Cut(strings.TrimPrefix(rfc, "RFC "), ", section ")
	return "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section
}

func ofTheRFC() []Example {
	const rfc = "RFC 6455, section 5.7"
	return []Example{
		example("text", "Unmasked text", "A text message in one frame, from the server: “Hello” can be read in the bytes.",
			rfc, "server", "81 05 48 65 6c 6c 6f"),
		example("masked-text", "Masked text", "The same message from a client: the payload is XORed with the key 37 fa 21 3d.",
			rfc, "client", "81 85 37 fa 21 3d 7f 9f 4d 51 58"),
		example("fragments", "Fragmented text", "One message in two frames. FIN is set in the last one only, whose opcode is 0.",
			rfc, "server", "01 03 48 65 6c", "80 02 6c 6f"),
		example("ping", "Unmasked ping", "A control frame. Its payload may have any bytes.",
			rfc, "server", "89 05 48 65 6c 6c 6f"),
		example("pong", "Masked pong", "The client's answer to the ping. It returns the payload of the ping.",
			rfc, "client", "8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
		example("binary-256", "256 bytes of binary data", "The length 126 says that the length follows in 16 bits.",
			rfc, "server", "82 7e 01 00", "repeat 256 2a"),
		example("binary-64k", "64 KiB of binary data", "The length 127 says that the length follows in 64 bits.",
			rfc, "server", "82 7f 00 00 00 00 00 01 00 00", "repeat 65536 2a"),
	}
}

func frameMistakes() []Example {
	text := ws.Header{Fin: true, Opcode: ws.Text}
	part := ws.Header{Opcode: ws.Text}
	last := ws.Header{Fin: true, Opcode: ws.Continuation}
	long := ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: ws.Ping, Masked: true, Key: key, Length: 126})
	cut := example("bad-utf8", "Text that is not UTF-8",
		"The first frame ends inside a character. The second one begins with a byte that can't continue it.",
		"RFC 6455, section 8.1", "client", masked(part, "caf\xf0\x9f"), masked(last, "\x41 au lait"))
	cut.Request.Cuts = []int{11}
	rsv := text
	rsv.Rsv = ws.Rsv1
	return []Example{
		example("unmasked", "Unmasked frame of a client", "The second byte decides: its first bit, MASK, is 0.",
			"RFC 6455, section 5.1", "client", "81 05 48 65 6c 6c 6f"),
		cut,
		example("fragmented-ping", "Fragmented control frame", "A ping without FIN. A control frame must be whole, because it may stand between two fragments.",
			"RFC 6455, section 5.5", "client", masked(ws.Header{Opcode: ws.Ping}, "Hello")),
		example("long-ping", "Control frame of 126 bytes", "A control frame has at most 125 bytes, so its length never needs the 16 bits.",
			"RFC 6455, section 5.5", "client", hex.EncodeToString(long), "repeat 126 2a"),
		example("opcode-3", "Reserved opcode", "Opcodes 3 to 7 and 11 to 15 have no meaning yet.",
			"RFC 6455, section 5.2", "client", masked(ws.Header{Fin: true, Opcode: 3}, "Hello")),
		example("rsv1", "RSV1 without an extension", "Only an extension gives RSV1 a meaning. Switch permessage-deflate on, and the same bit marks a compressed message.",
			"RFC 6455, section 5.2", "client", masked(rsv, "\xf2\x48\xcd\xc9\xc9\x07\x00")),
		example("close-1005", "Close with code 1005", "1005 stands for “no code” inside a program. A frame must not have it.",
			"RFC 6455, section 7.4.1", "client", masked(ws.Header{Fin: true, Opcode: ws.Close}, "\x03\xed")),
		example("interleaved", "New message inside a fragmented one", "After a fragment only its continuation or a control frame may follow.",
			"RFC 6455, section 5.4", "client", masked(part, "Hel"), masked(text, "lo")),
	}
}

// request makes an Example of a request.
func request(name, title, note, rfc, text string) Example {
	return Example{
		Name: name, Title: title, Note: note, RFC: rfc, URL: urlOf(rfc),
		Request: Request{Form: "text", Text: text, Direction: "client", Protocol: "http", Deflate: "on"},
	}
}

func requestMistakes() []Example {
	return []Example{
		request("two-lengths", "Content-Length and Transfer-Encoding",
			"Two readers could disagree about the end of this request: one reads 6 bytes of body, the other reads chunks. That is request smuggling.",
			"RFC 9112, section 6.3",
			"POST /echo HTTP/1.1\nHost: localhost\nContent-Length: 6\nTransfer-Encoding: chunked\n\n0\n\nG\\\n"),
		request("bare-cr", "Bare CR in a field", "A CR that no LF follows. Some readers take it for the end of the line.",
			"RFC 9112, section 2.2",
			"GET / HTTP/1.1\nHost: localhost\nX-Note: one\\rX-More: two\n\n"),
		request("bare-lf", "Bare LF after a line", "The LF alone ends the first line, without CR.",
			"RFC 9112, section 2.2",
			"GET / HTTP/1.1\\n\\\nHost: localhost\n\n"),
		request("space-before-colon", "Space before the colon", "One reader sees the field “Host”, another one a field “Host ” that it doesn't know.",
			"RFC 9112, section 5.1",
			"GET / HTTP/1.1\nHost : localhost\n\n"),
	}
}

const handshake = "GET /echo HTTP/1.1\nHost: localhost\nUpgrade: websocket\nConnection: Upgrade\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n"

func more() []Example {
	first := request("handshake", "Handshake and a frame in one read",
		"A client must wait for the response before it sends a frame. The servers accept an early frame: the reader changes in the middle of the piece.",
		"RFC 6455, section 4.1",
		handshake+"\n\\x81\\x85\\x37\\xfa\\x21\\x3d\\x7f\\x9f\\x4d\\x51\\x58\\\n")
	compressed := example("deflate", "Compressed text", "RSV1 marks the message. Its payload is deflate data without the last four bytes.",
		"RFC 7692, section 7.2.3.1", "client", masked(ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: ws.Text}, "\xf2\x48\xcd\xc9\xc9\x07\x00"))
	compressed.Request.Deflate = "on"
	takeover := example("takeover", "Compressed with context takeover", "The second message refers to the first one, so it is shorter.",
		"RFC 7692, section 7.2.3.2", "client",
		masked(ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: ws.Text}, "\xf2\x48\xcd\xc9\xc9\x07\x00"),
		masked(ws.Header{Fin: true, Rsv: ws.Rsv1, Opcode: ws.Text}, "\xf2\x00\x11\x00\x00"))
	takeover.Request.Deflate = "takeover"
	chunked := request("chunked", "Chunked body", "Each chunk says its size in hexadecimal. Cut it inside a size, or between CR and LF.",
		"RFC 9112, section 7.1",
		"POST /echo HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n5\nHello\n6\n again\n0\n\n")
	pipeline := request("pipeline", "Two requests in one read", "The second request doesn't wait for the first response. The responses come in order.",
		"RFC 9112, section 9.3.2",
		"GET /healthz HTTP/1.1\nHost: localhost\n\nPOST /echo HTTP/1.1\nHost: localhost\nContent-Length: 2\n\nhi\\\n")
	between := example("ping-between", "Ping inside a cut character", "A control frame may stand between two fragments, even inside a character. The text still misses one byte there.",
		"RFC 6455, section 5.4", "client",
		masked(ws.Header{Opcode: ws.Text}, "\xe6\xb0"), masked(ws.Header{Fin: true, Opcode: ws.Ping}, "?"),
		masked(ws.Header{Fin: true, Opcode: ws.Continuation}, "\xb4"))
	between.Request.Cuts = []int{8, 15}
	return []Example{first, compressed, takeover, chunked, pipeline, between}
}
