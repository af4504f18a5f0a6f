//go:build linux

// Command server echoes WebSocket messages. One loop serves all clients: it asks poll(2) which of them
// are ready. -policy says what it does about a client that doesn't read.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

const high = 1 << 20  // watermark: with so many unsent bytes for a client, the policy takes effect
const low = 256 << 10 // watermark: with so few, a client that was stopped is read again
const most = 4 << 20  // the most bytes that a client may have here, of unsent and unfinished messages

var mode = flag.String("policy", "stop", "for a client that doesn't read: `stop`, drop or disconnect")
var patience = flag.Duration("patience", 30*time.Second, "`time` in which a client must acknowledge a byte")
var keyField = regexp.MustCompile(`(?i)\r\nSec-WebSocket-Key:[ \t]*(\S*)[ \t]*\r\n`)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	if *mode != "stop" && *mode != "drop" && *mode != "disconnect" {
		log.Fatalf("-policy must be stop, drop or disconnect, not %q", *mode)
	}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", ln.Addr())
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { err = serve(int(fd)) })
	}
	log.Fatal(err)
}

// serve is the loop of chapter 6. It also wakes each second, to look for clients that are stuck.
func serve(listener int) error {
	clients, fds, buf := []*client{}, []unix.PollFd{}, make([]byte, 64<<10)
	var reopen time.Time // until then, poll ignores the listener
	for {
		watched, wait := listener, 1000
		if time.Now().Before(reopen) {
			watched, wait = -1, 100
		}
		fds = append(fds[:0], unix.PollFd{Fd: int32(watched), Events: unix.POLLIN})
		for _, c := range clients {
			fds = append(fds, unix.PollFd{Fd: int32(c.fd), Events: c.wants()})
		}
		if _, err := unix.Poll(fds, wait); err != nil && err != unix.EINTR {
			return err
		}
		now := time.Now()
		for i, c := range clients {
			if fds[i+1].Revents != 0 && !c.turn(buf) || c.stuck(now) {
				unix.Close(c.fd)
				clients[i] = nil
			}
		}
		clients = slices.DeleteFunc(clients, func(c *client) bool { return c == nil })
		if fds[0].Revents == 0 {
			continue
		}
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			clients = append(clients, &client{fd: fd, moved: now})
		} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
			log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
			reopen = now.Add(100 * time.Millisecond)
		}
	}
}

// client is a connection, with everything that the loop must remember about it between two turns.
type client struct {
	fd          int
	head        []byte     // the beginning of the request that opens the WebSocket
	frames      *ws.Reader // nil until this request is answered
	message     []byte     // the pieces of an unfinished message
	out         []byte     // unsent bytes
	stopped     bool       // nothing is read until out has only low bytes
	ending      bool       // nothing more is read, and the connection ends when out is sent
	sent, acked int        // bytes that the kernel has taken, and that the client's kernel has acknowledged
	moved       time.Time  // when acked grew, or out was empty, or the client connected
}

// wants returns what poll must watch. A client is stopped at the high watermark, and read again at the low one.
func (c *client) wants() (events int16) {
	c.stopped = *mode == "stop" && (len(c.out) >= high || c.stopped && len(c.out) > low)
	if !c.stopped && !c.ending {
		events = unix.POLLIN
	}
	if len(c.out) > 0 {
		events |= unix.POLLOUT
	}
	return events
}

// turn reads once, and sends what the socket takes. It returns false if the connection is over.
func (c *client) turn(buf []byte) bool {
	if !c.stopped && !c.ending {
		n, err := unix.Read(c.fd, buf)
		if n == 0 || n < 0 && err != unix.EAGAIN || n > 0 && !c.input(buf[:n]) {
			return false
		}
	}
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if n < 0 {
			return err == unix.EAGAIN
		}
		c.out, c.sent = c.out[n:], c.sent+n
	}
	c.out = nil // keep no memory for a client that reads
	return !c.ending
}

// stuck reports whether the client's kernel has acknowledged nothing for too long.
func (c *client) stuck(now time.Time) bool {
	if len(c.out) == 0 {
		c.moved = now
	} else if left, err := unix.IoctlGetInt(c.fd, unix.SIOCOUTQ); err == nil && c.sent-left > c.acked {
		c.acked, c.moved = c.sent-left, now // left is in the send buffer
	}
	return now.Sub(c.moved) > *patience
}

// policy queues a frame, or decides what else to do. It returns false if the connection must end.
func (c *client) policy(opcode ws.Opcode, payload []byte) bool {
	full := len(c.out) > 0 && len(c.out)+len(payload) > high
	switch {
	case full && *mode == "drop":
		return true
	case full && *mode == "disconnect":
		return false
	}
	c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: opcode}, payload)
	return true
}

// input takes what was read. It returns false if the connection must end.
func (c *client) input(p []byte) (ok bool) {
	if c.frames == nil {
		c.head = append(c.head, p...)
		end := bytes.Index(c.head, []byte("\r\n\r\n")) + 4
		if end < 4 {
			return len(c.head) <= 64<<10
		}
		key := keyField.FindSubmatch(c.head[:end])
		if key == nil || !ws.ValidKey(key[1]) {
			return false
		}
		c.out = fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"+
			"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, key[1]))
		p, c.head, c.frames = c.head[end:], nil, new(ws.Reader)
	}
	for ok = true; ok && len(p) > 0; {
		e, n := c.frames.Next(p)
		p = p[n:]
		switch {
		case e.Kind == ws.PingFrame:
			ok = c.policy(ws.Pong, e.Payload)
		case e.Kind == ws.Data && !c.add(e):
			e.Code = ws.MessageTooBig
			fallthrough
		case e.Kind == ws.CloseFrame || e.Kind == ws.Failed:
			c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: ws.Close}, ws.AppendClose(nil, e.Code, ""))
			c.ending, c.message, p = true, nil, nil
		case e.Last:
			ok, c.message = c.policy(e.Opcode, c.message), nil
		}
	}
	return ok
}

// add keeps a piece of a message. At its first piece, a message is taken or refused as a whole.
func (c *client) add(e ws.Event) bool {
	c.message = append(c.message, e.Payload...)
	return !e.First || len(c.message)+len(c.out) <= most
}
