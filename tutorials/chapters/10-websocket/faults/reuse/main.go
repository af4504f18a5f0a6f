//go:build linux

// Command reuse echoes WebSocket messages. Its table of clients is never cleared.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

// client is what the loop knows about a client.
type client struct {
	open bool   // after the handshake
	in   []byte // bytes of a request or frame that isn't complete
}

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		log.Fatal(err)
	}
	raw.Control(func(fd uintptr) { log.Fatal(run(int(fd))) }) // Go keeps fd open while the function runs
}

// run is the loop. Its table has an entry for each descriptor number.
func run(listener int) error {
	var table [4096]client
	fds, buf := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}, make([]byte, 4096)
	for {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return err
		}
		stay := fds[:1]
		for _, p := range fds[1:] {
			if p.Revents == 0 || table[p.Fd].turn(int(p.Fd), buf) {
				stay = append(stay, p)
			} else {
				unix.Close(int(p.Fd)) // the number is free for the next client
			}
		}
		if fds[0].Revents != 0 {
			if fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC); err == nil && fd < len(table) {
				stay = append(stay, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			} else {
				unix.Close(fd)
			}
		}
		fds = stay
	}
}

// turn reads once, and answers what is complete. It returns false if the connection is over.
func (c *client) turn(fd int, buf []byte) bool {
	n, _ := unix.Read(fd, buf) // 0 at the end, -1 after an error
	c.in = append(c.in, buf[:max(n, 0)]...)
	out, wrong := c.answers()
	_, failed := unix.Write(fd, out)
	return n > 0 && wrong == nil && failed == nil
}

// answers takes everything that is complete from c.in, and returns the answers.
func (c *client) answers() (out []byte, err error) {
	if !c.open && bytes.HasSuffix(c.in, []byte("\r\n\r\n")) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.in)))
		if err != nil {
			return nil, err
		}
		c.open, c.in = true, nil
		out = fmt.Append(out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
			"Sec-WebSocket-Accept: ", string(ws.AppendAccept(nil, []byte(r.Header.Get("Sec-WebSocket-Key")))), "\r\n\r\n")
	}
	for c.open {
		h, size, wrong := ws.ParseHeader(c.in)
		if wrong != nil || size > 0 && (!h.Masked || h.Length > 1<<20) {
			return out, fmt.Errorf("no frame of a client: %v", wrong)
		} else if size == 0 || int64(len(c.in)-size) < h.Length {
			break // the frame isn't complete
		}
		payload := c.in[size : size+int(h.Length)]
		ws.Mask(h.Key, 0, payload)
		out, c.in = ws.AppendFrame(out, ws.Header{Fin: h.Fin, Opcode: h.Opcode}, payload), c.in[size+len(payload):]
	}
	return out, nil
}
