//go:build linux

// Command server echoes WebSocket messages. One loop asks poll(2) which clients are ready.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(serve(ln))
}

// listen makes a listener for an IPv4 address, as in chapter 0.
func listen(addr string) (fd int, err error) {
	time.Sleep(time.Nanosecond) // Go's first timer opens two descriptors: do it while some are free
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return -1, fmt.Errorf("-addr must be an IPv4 address and a port, such as 127.0.0.1:9000, not %q", addr)
	}
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err == nil {
		err = unix.Listen(fd, 128)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	name, err := unix.Getsockname(fd) // if the port in addr is 0, the kernel has chosen one
	if err == nil {
		fmt.Println("listening on", netip.AddrPortFrom(to.Addr(), uint16(name.(*unix.SockaddrInet4).Port)))
	}
	return fd, err
}

// serve is the loop. It keeps one list for all iterations: first the listener, then the clients.
func serve(listener int) error {
	clients, buf, reopen := []*client{{fd: listener}}, make([]byte, 16<<10), time.Now()
	fds := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	for wait := -1; ; fds[0].Fd, wait = int32(listener), -1 {
		if time.Now().Before(reopen) { // accept has failed: poll ignores the listener for a while
			fds[0].Fd, wait = -1, 100
		}
		n, err := unix.Poll(fds, wait)
		if err != nil && err != unix.EINTR {
			return err
		}
		for i := len(fds) - 1; n > 0 && i > 0; i-- { // backwards: the entry that fills a gap has had its turn
			if fds[i].Revents == 0 {
				continue
			}
			if c := clients[i]; c.turn(buf) {
				fds[i].Events = unix.POLLIN
				if len(c.out) > 0 { // until everything is sent, nothing is read
					fds[i].Events = unix.POLLOUT
				}
			} else {
				unix.Close(c.fd)
				last := len(fds) - 1
				fds[i], clients[i] = fds[last], clients[last]
				clients[last] = nil // so that Go can free the client's memory
				fds, clients = fds[:last], clients[:last]
			}
		}
		if n <= 0 || fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil { // if more clients are waiting, the next poll says so
			unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
			clients = append(clients, &client{fd: fd})
		} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
			log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
			reopen = time.Now().Add(100 * time.Millisecond)
		}
	}
}

// client is a connection, with everything that the loop must remember about it between two turns.
type client struct {
	fd      int
	request []byte // the part of the handshake that has arrived
	open    bool   // the handshake is done
	frames  ws.Reader
	message []byte // the part of a message that has arrived
	out     []byte // bytes that aren't sent yet
	over    bool   // after out, nothing more is sent
}

// turn does what c is ready for. It returns false if the connection is over.
func (c *client) turn(buf []byte) bool {
	if len(c.out) == 0 && !c.receive(buf) {
		return false
	}
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if n < 0 {
			return err == unix.EAGAIN // the socket is full: poll will report when it has room
		}
		c.out = c.out[n:]
	}
	return !c.over
}

// receive reads once, or as often as a long frame needs.
func (c *client) receive(buf []byte) bool {
	n, err := unix.Read(c.fd, buf)
	if n <= 0 { // 0 means the end: the client will send nothing more
		return err == unix.EAGAIN
	}
	if !c.open {
		return c.handshake(buf[:n])
	}
	c.take(buf[:n])
	for rest := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}; c.frames.Rest() > 0; c.take(buf[:max(n, 0)]) {
		if n, err = unix.Read(c.fd, buf); err == unix.EAGAIN {
			unix.Poll(rest, -1) // ask only about this client: much faster with many clients
		} else if n <= 0 {
			return false
		}
	}
	return true
}

// take puts the answers to the frames in p into c.out.
func (c *client) take(p []byte) {
	for len(p) > 0 {
		event, used := c.frames.Next(p)
		p = p[used:]
		switch event.Kind {
		case ws.Data:
			if c.message = append(c.message, event.Payload...); event.Last {
				c.send(event.Opcode, c.message)
				c.message = nil
			}
		case ws.PingFrame:
			c.send(ws.Pong, event.Payload)
		case ws.CloseFrame, ws.Failed:
			c.send(ws.Close, ws.AppendClose(nil, event.Code, ""))
			c.over = true
		}
	}
}

func (c *client) send(opcode ws.Opcode, payload []byte) {
	c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: opcode}, payload)
}

// handshake adds p to the request that opens a WebSocket, and answers the request when it is complete.
func (c *client) handshake(p []byte) bool {
	c.request = append(c.request, p...)
	end := bytes.Index(c.request, []byte("\r\n\r\n")) + 4
	if end < 4 {
		return len(c.request) <= 16<<10
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.request[:end])))
	if err != nil || !ws.ValidKey([]byte(r.Header.Get("Sec-WebSocket-Key"))) {
		return false
	}
	c.out = fmt.Appendf(c.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, []byte(r.Header.Get("Sec-WebSocket-Key"))))
	c.frames.Init(ws.Server, 1<<20) // the most bytes of a message
	c.take(c.request[end:])
	c.open, c.request = true, nil
	return true
}
