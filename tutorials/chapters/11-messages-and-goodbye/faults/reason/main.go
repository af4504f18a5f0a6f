// Command reason echoes WebSocket messages. Of a Close frame it checks only the piece that came last, and
// takes the first two bytes of this piece for the code.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
	"unicode/utf8"

	"threeloops/common/ws"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	for {
		c, err := ln.Accept()
		if err != nil {
			log.Print(err)
			time.Sleep(100 * time.Millisecond) // such as EMFILE: some descriptors will be closed
			continue
		}
		go serve(c)
	}
}

// serve opens a WebSocket, and sends back each message.
func serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	request, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		ws.AppendAccept(nil, []byte(request.Header.Get("Sec-WebSocket-Key"))))
	var opcode ws.Opcode // of the message that has begun
	var in, message []byte
	for buf := make([]byte, 4096); ; {
		fresh, err := r.Read(buf)
		if in = append(in, buf[:fresh]...); err != nil {
			return
		}
		for {
			h, size, wrong := ws.ParseHeader(in)
			if wrong != nil || size > 0 && !h.Masked || h.Length > 1<<20 {
				return
			}
			if size == 0 || int64(len(in)-size) < h.Length {
				break
			}
			payload := in[size : size+int(h.Length)]
			in = in[size+int(h.Length):]
			ws.Mask(h.Key, 0, payload)
			switch {
			case h.Opcode == ws.Close:
				send(c, ws.Close, goodbye(payload, fresh))
				return
			case h.Opcode == ws.Ping:
				send(c, ws.Pong, payload)
			case !h.Opcode.Control():
				opcode |= h.Opcode // of a further fragment it is 0
				message = append(message, payload...)
				if h.Fin && opcode == ws.Text && !utf8.Valid(message) || len(message) > 1<<20 {
					return
				} else if h.Fin {
					send(c, opcode, message)
					opcode, message = 0, nil
				}
			}
		}
	}
}

// goodbye returns the payload that answers a client's Close frame. Only its last fresh bytes are new.
func goodbye(payload []byte, fresh int) []byte {
	piece := payload[max(0, len(payload)-fresh):]
	if reason := piece[min(2, len(piece)):]; !utf8.Valid(reason) {
		return ws.AppendClose(nil, ws.InvalidPayload, "")
	}
	return payload[:min(2, len(payload))] // the code
}

func send(c net.Conn, opcode ws.Opcode, payload []byte) {
	c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: opcode}, payload))
}
