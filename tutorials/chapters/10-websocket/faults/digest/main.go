// Command digest echoes WebSocket messages. It measures a digest as if the digest were a string.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"
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
	accept := acceptOf(request.Header.Get("Sec-WebSocket-Key"))
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

// acceptOf returns the Sec-WebSocket-Accept that belongs to a key.
func acceptOf(key string) string {
	digest := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	text := unix.ByteSliceToString(digest[:]) // like strlen in C: up to the first NUL
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// send sends a message in one frame.
func send(c net.Conn, opcode ws.Opcode, message []byte) error {
	_, err := c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: opcode}, message))
	return err
}
