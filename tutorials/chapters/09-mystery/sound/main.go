//go:build linux

// Command sound echoes WebSocket messages. Each client has a goroutine.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
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
		go serve(c.(*net.TCPConn))
	}
}

// serve opens a WebSocket and sends back every message.
func serve(c *net.TCPConn) {
	defer c.Close()
	limit := &io.LimitedReader{R: c, N: 64 << 10} // the most bytes of the handshake
	in := bufio.NewReader(limit)
	c.SetReadDeadline(time.Now().Add(10 * time.Second)) // for the handshake
	err := handshake(c, in)
	c.SetReadDeadline(time.Time{})
	limit.N = math.MaxInt64
	var frames ws.Reader
	frames.Init(ws.Server, 1<<20) // the most bytes of a message
	var message []byte
	for buf, n := make([]byte, 4096), 0; err == nil; {
		n, err = in.Read(buf)
		for p := buf[:n]; len(p) > 0 && err == nil; {
			event, used := frames.Next(p)
			p = p[used:]
			switch event.Kind {
			case ws.Data:
				if message = append(message, event.Payload...); event.Last {
					err = send(c, event.Opcode, message)
					message = message[:0]
				}
			case ws.PingFrame:
				err = send(c, ws.Pong, event.Payload)
			case ws.CloseFrame, ws.Failed:
				send(c, ws.Close, ws.AppendClose(nil, event.Code, ""))
				return
			}
		}
	}
}

// handshake answers the request that opens a WebSocket (RFC 6455 4.2.2).
func handshake(c *net.TCPConn, in *bufio.Reader) error {
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	key := []byte(r.Header.Get("Sec-WebSocket-Key"))
	if !ws.ValidKey(key) {
		fmt.Fprint(c, "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n")
		return errors.New("no WebSocket")
	}
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, key))
	return err
}

// send sends a frame. Its header and its payload are in two places. writev(2) sends both in one call.
func send(c *net.TCPConn, opcode ws.Opcode, payload []byte) error {
	header := ws.AppendHeader(nil, ws.Header{Fin: true, Opcode: opcode, Length: int64(len(payload))})
	frame := net.Buffers{header, payload}
	_, err := frame.WriteTo(c)
	return err
}
