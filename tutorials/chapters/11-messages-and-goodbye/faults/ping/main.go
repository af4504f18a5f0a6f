//go:build linux

// Command ping echoes WebSocket messages. One loop serves all clients, and after a Ping it waits for a message.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

var clients sync.Map // from descriptors to clients

type client struct {
	*net.TCPConn
	frames  ws.Reader
	message []byte // the part that has arrived
}

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	ep, err2 := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil || err2 != nil {
		log.Fatal(err, err2)
	}
	fmt.Println("listening on", ln.Addr())
	go loop(ep)
	for {
		if c, err := ln.Accept(); err == nil {
			go open(&client{TCPConn: c.(*net.TCPConn)}, ep)
		} else {
			time.Sleep(100 * time.Millisecond) // such as EMFILE: some descriptors will be closed
		}
	}
}

// open answers the handshake. Then the loop serves the client. Frames that arrive with the handshake are lost.
func open(c *client, ep int) {
	request, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		c.Close()
		return
	}
	c.frames.Init(ws.Server, 1<<20) // the most bytes of a message
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		ws.AppendAccept(nil, []byte(request.Header.Get("Sec-WebSocket-Key"))))
	raw, _ := c.SyscallConn() // fails only after Close
	raw.Control(func(fd uintptr) {
		clients.Store(int32(fd), c)
		unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
	})
}

func loop(ep int) {
	for events := make([]unix.EpollEvent, 64); ; {
		n, _ := unix.EpollWait(ep, events, -1)
		for _, e := range events[:max(n, 0)] {
			if c, there := clients.Load(e.Fd); there && !c.(*client).receive() {
				c.(*client).Close() // the next client with this descriptor gets the entry of the map
			}
		}
	}
}

// receive reads what epoll has reported. A Ping isn't a message, so receive answers it and reads on.
func (c *client) receive() (ok bool) {
	for buf, wait := make([]byte, 4096), true; wait; {
		n, err := c.Read(buf)
		wait, ok = false, err == nil
		for p := buf[:n]; ok && len(p) > 0; {
			event, used := c.frames.Next(p)
			switch p = p[used:]; event.Kind {
			case ws.PingFrame:
				wait, ok = true, c.send(ws.Pong, event.Payload)
			case ws.Data:
				if c.message = append(c.message, event.Payload...); event.Last {
					wait, ok, c.message = false, c.send(event.Opcode, c.message), nil
				}
			case ws.CloseFrame, ws.Failed:
				return c.send(ws.Close, ws.AppendClose(nil, event.Code, "")) && false
			}
		}
	}
	return ok
}

func (c *client) send(opcode ws.Opcode, payload []byte) bool {
	_, err := c.Write(ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: opcode}, payload))
	return err == nil
}
