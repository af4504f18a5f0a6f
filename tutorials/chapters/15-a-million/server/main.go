//go:build linux

// Command server echoes WebSocket messages in one epoll loop. A client that is idle has no buffer.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"net"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

const most = 1 << 20 // the most bytes of one message

var keyField = regexp.MustCompile(`(?i)\r\nSec-WebSocket-Key:[ \t]*(\S*)[ \t]*\r\n`)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
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

// loop is what all clients share. An idle client costs the program a pointer in byFD and a client struct.
type loop struct {
	ep, listener int
	byFD         []*client // by descriptor; nil: no client has it
	buf          [64 << 10]byte
}

// serve is the loop of chapter 8.
func serve(listener int) (err error) {
	l := &loop{listener: listener}
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err == nil {
		err = l.watch(unix.EPOLL_CTL_ADD, listener, unix.EPOLLIN)
	}
	events, wait, reopen := make([]unix.EpollEvent, 256), -1, time.Now()
	for err == nil || err == unix.EINTR {
		if wait > 0 && !time.Now().Before(reopen) { // 100 ms after accept has failed
			wait = -1
			if err = l.watch(unix.EPOLL_CTL_MOD, listener, unix.EPOLLIN); err != nil {
				break
			}
		}
		var n int
		n, err = unix.EpollWait(l.ep, events, wait)
		for _, e := range events[:max(n, 0)] {
			if fd := int(e.Fd); fd != listener {
				l.turn(l.byFD[fd])
			} else if !l.accept() {
				l.watch(unix.EPOLL_CTL_MOD, listener, 0)
				wait, reopen = 100, time.Now().Add(100*time.Millisecond)
			}
		}
	}
	return err
}

// watch tells epoll which events of fd to report.
func (l *loop) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(l.ep, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// accept accepts at most 64 clients. If more are waiting, epoll reports the listener again. accept returns
// false if it has failed, for example with EMFILE: then clients wait in the backlog for a while.
func (l *loop) accept() bool {
	for range 64 {
		switch fd, _, err := unix.Accept4(l.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC); {
		case err == unix.EAGAIN || err == unix.ECONNABORTED:
			return true
		case err != nil:
			log.Print("accept: ", err)
			return false
		case l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil:
			unix.Close(fd)
		default:
			l.byFD = append(l.byFD, make([]*client, max(0, fd+1-len(l.byFD)))...)
			l.byFD[fd] = &client{fd: int32(fd), watched: unix.EPOLLIN}
		}
	}
	return true
}

// client is what the loop remembers about a connection between two turns.
type client struct {
	fd      int32
	watched uint32    // events that epoll reports
	open    bool      // the WebSocket is open
	ending  bool      // nothing more is read, and the connection ends when out is sent
	frames  ws.Reader // has no buffer between two frames
	head    []byte    // the beginning of the request that opens the WebSocket
	message []byte    // the pieces of an unfinished message
	out     []byte    // unsent bytes
}

// turn serves a client that is ready, and closes the connection if it is over.
func (l *loop) turn(c *client) {
	if !c.read(l.buf[:]) || !c.flush() || c.ending && len(c.out) == 0 {
		l.byFD[c.fd] = nil
		unix.Close(int(c.fd))
		return
	}
	events := uint32(unix.EPOLLIN)
	if len(c.out) > 0 {
		events = unix.EPOLLOUT
	}
	if events != c.watched {
		c.watched = events
		l.watch(unix.EPOLL_CTL_MOD, int(c.fd), events)
	}
}

// read reads once. While bytes are unsent, it doesn't read: that is backpressure. It returns false if the
// connection is over.
func (c *client) read(buf []byte) bool {
	if len(c.out) > 0 {
		return true
	}
	n, err := unix.Read(int(c.fd), buf)
	return n > 0 && c.input(buf[:n]) || n < 0 && err == unix.EAGAIN
}

// flush sends what the socket takes. It returns false if the connection is broken.
func (c *client) flush() bool {
	for len(c.out) > 0 {
		n, err := unix.Write(int(c.fd), c.out)
		if n < 0 {
			return err == unix.EAGAIN
		}
		c.out = c.out[n:]
	}
	c.out = nil
	return true
}

// input takes what was read. It returns false if the connection must end.
func (c *client) input(p []byte) bool {
	if !c.open {
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
		p, c.head, c.open = c.head[end:], nil, true
	}
	for !c.ending && len(p) > 0 {
		e, n := c.frames.Next(p)
		p = p[n:]
		switch {
		case e.Kind == ws.PingFrame:
			c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: ws.Pong}, e.Payload)
		case e.Kind == ws.Data && len(c.message)+len(e.Payload) > most:
			e.Code = ws.MessageTooBig
			fallthrough
		case e.Kind == ws.CloseFrame || e.Kind == ws.Failed:
			c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: ws.Close}, ws.AppendClose(nil, e.Code, ""))
			c.ending, c.message = true, nil
		case e.Kind == ws.Data:
			if c.message = append(c.message, e.Payload...); e.Last {
				c.out = ws.AppendFrame(c.out, ws.Header{Fin: true, Opcode: e.Opcode}, c.message)
				c.message = nil
			}
		}
	}
	return true
}
