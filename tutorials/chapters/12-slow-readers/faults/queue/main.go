// Command queue echoes WebSocket messages. Fault: nothing limits the queue of a client's answers.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"threeloops/common/ws"
	"time"
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
		if err == nil {
			go serve(c)
		} else {
			log.Print(err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// queue has the frames that one goroutine has added and the other hasn't taken yet.
type queue struct {
	mu    sync.Mutex
	bytes []byte
	more  chan bool // has a value after an add, and is closed after the last one
}

// add never waits, however slowly the bytes are sent.
func (q *queue) add(opcode ws.Opcode, payload []byte) {
	q.mu.Lock()
	q.bytes = ws.AppendFrame(q.bytes, ws.Header{Fin: true, Opcode: opcode}, payload)
	q.mu.Unlock()
	if len(q.more) == 0 {
		q.more <- true
	}
}

// send sends what is in the queue, until the end. Then it closes the connection.
func (q *queue) send(c net.Conn) {
	defer c.Close()
	for range q.more {
		q.mu.Lock()
		b := q.bytes
		q.bytes = nil
		q.mu.Unlock()
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

// serve answers the handshake, and then each message.
func serve(c net.Conn) {
	q, in := &queue{more: make(chan bool, 1)}, bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil || !ws.ValidKey([]byte(r.Header.Get("Sec-WebSocket-Key"))) {
		c.Close()
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, []byte(r.Header.Get("Sec-WebSocket-Key"))))
	go q.send(c)
	defer close(q.more)
	frames, message := ws.Reader{}, []byte{}
	frames.Init(ws.Server, 1<<20)
	for buf, n := make([]byte, 4096), 0; err == nil; {
		n, err = in.Read(buf)
		for p := buf[:n]; len(p) > 0; {
			e, used := frames.Next(p)
			p = p[used:]
			switch e.Kind {
			case ws.Data:
				if message = append(message, e.Payload...); e.Last {
					q.add(e.Opcode, message)
					message = message[:0]
				}
			case ws.PingFrame:
				q.add(ws.Pong, e.Payload)
			case ws.CloseFrame, ws.Failed:
				q.add(ws.Close, ws.AppendClose(nil, e.Code, ""))
				return
			}
		}
	}
}
