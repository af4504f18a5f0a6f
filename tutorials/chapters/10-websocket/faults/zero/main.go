// Command zero echoes WebSocket messages. It knows only the short form of a length.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

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
	accept := ws.AppendAccept(nil, []byte(request.Header.Get("Sec-WebSocket-Key")))
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", accept)
	var frames ws.Reader
	frames.Init(ws.Server, 1<<20) // the most bytes of a message
	var message []byte
	for buf := make([]byte, 4096); err == nil; {
		var n int
		n, err = r.Read(buf)
		for p := buf[:n]; len(p) > 0 && err == nil; {
			event, used := frames.Next(p)
			p = p[used:]
			switch event.Kind {
			case ws.Data:
				if message = append(message, event.Payload...); event.Last {
					err = send(c, event.Opcode, message)
					message = message[:0]
				}
			case ws.CloseFrame, ws.Failed:
				return
			}
		}
	}
}

// send sends a message in one frame.
func send(c net.Conn, opcode ws.Opcode, message []byte) error {
	head := []byte{0x80 | byte(opcode), 0}
	if len(message) < 126 {
		head[1] = byte(len(message))
	}
	_, err := c.Write(append(head, message...))
	return err
}
