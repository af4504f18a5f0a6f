package ws_test

import (
	"fmt"

	"threeloops/common/ws"
)

// The server's side of an echo. The client has sent a Ping between the two fragments of a message,
// and the network has cut the client's bytes inside the first fragment.
func Example() {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d} // a real client takes a random one for each frame
	var wire []byte
	wire = ws.AppendFrame(wire, ws.Header{Opcode: ws.Text, Masked: true, Key: key}, []byte("Hel"))
	wire = ws.AppendFrame(wire, ws.Header{Fin: true, Opcode: ws.Ping, Masked: true, Key: key}, []byte("?"))
	wire = ws.AppendFrame(wire, ws.Header{Fin: true, Masked: true, Key: key}, []byte("lo"))
	wire = ws.AppendFrame(wire, ws.Header{Fin: true, Opcode: ws.Close, Masked: true, Key: key},
		ws.AppendClose(nil, ws.NormalClosure, "done"))

	var r ws.Reader
	r.Init(ws.Server, 1<<20)
	var message, out []byte
	for _, p := range [][]byte{wire[:8], wire[8:]} {
		for {
			ev, n := r.Next(p)
			p = p[n:]
			if ev.Kind == ws.NeedMore {
				break
			}
			switch ev.Kind {
			case ws.Data:
				fmt.Printf("%v %q, first %t, last %t\n", ev.Opcode, ev.Payload, ev.First, ev.Last)
				message = append(message, ev.Payload...)
				if ev.Last {
					out = ws.AppendFrame(out, ws.Header{Fin: true, Opcode: ev.Opcode}, message)
				}
			case ws.PingFrame:
				out = ws.AppendFrame(out, ws.Header{Fin: true, Opcode: ws.Pong}, ev.Payload)
			case ws.CloseFrame, ws.Failed:
				fmt.Println("closing with", ev.Code)
				bye := ws.AppendClose(nil, ev.Code, "")
				out = ws.AppendFrame(out, ws.Header{Fin: true, Opcode: ws.Close}, bye)
			}
		}
	}
	fmt.Printf("% x\n", out)
	// Output:
	// text "He", first true, last false
	// text "l", first false, last false
	// text "lo", first false, last true
	// closing with 1000
	// 8a 01 3f 81 05 48 65 6c 6c 6f 88 02 03 e8
}

// Sec-WebSocket-Accept proves that the server has read the handshake (RFC 6455 1.3).
func ExampleAppendAccept() {
	key := []byte("dGhlIHNhbXBsZSBub25jZQ==")
	if ws.ValidKey(key) {
		fmt.Printf("Sec-WebSocket-Accept: %s\n", ws.AppendAccept(nil, key))
	}
	// Output: Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
}

// A text may be cut anywhere, and an invalid byte is reported immediately.
func ExampleUTF8() {
	var u ws.UTF8
	fmt.Println(u.Valid([]byte("gr\xc3")), u.Complete())
	fmt.Println(u.Valid([]byte("\xbc\xc3\x9f")), u.Complete())
	fmt.Println(u.Valid([]byte("\xed\xa0")), u.Complete())
	// Output:
	// true false
	// true true
	// false false
}
