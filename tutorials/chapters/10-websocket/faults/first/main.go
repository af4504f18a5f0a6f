// Command first echoes WebSocket messages. It looks for one frame in what a read returns.
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
	var in []byte // a frame that isn't complete yet
	for buf := make([]byte, 4096); err == nil; {
		var n int
		n, err = r.Read(buf)
		in = append(in, buf[:n]...)
		h, size, wrong := ws.ParseHeader(in)
		switch {
		case wrong != nil || size > 0 && (!h.Masked || h.Length > 1<<20 || h.Opcode.Control()):
			return
		case size == 0 || int64(len(in)-size) < h.Length:
			continue // the frame isn't complete
		}
		payload := in[size:][:h.Length]
		ws.Mask(h.Key, 0, payload)
		if err == nil {
			err = send(c, h.Opcode, payload)
		}
		in = in[:0] // ready for the next frame
	}
}

// send sends a message in one frame.
func send(c net.Conn, opcode ws.Opcode, message []byte) error {
	_, err := c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: opcode}, message))
	return err
}
