//go:build linux

// Command server is a chat room: it sends each WebSocket message to all members. One loop serves them.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"
	"threeloops/common/ws"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9000", "`host:port` to listen on")
	flag.Parse()
	ln, err := net.Listen("tcp", *addr)
	bell, none := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err := cmp.Or(err, none); err != nil {
		log.Fatal(err)
	}
	terminated, _ := signal.NotifyContext(context.Background(), unix.SIGTERM)
	context.AfterFunc(terminated, func() { unix.Write(bell, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	fmt.Println("listening on", ln.Addr())
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { err = new(room).serve(int(fd), bell) })
	}
	if err != nil {
		log.Fatal(err)
	}
}

// room is what the loop knows. No other goroutine uses it, so it needs no lock.
type room struct {
	members []*member
	fds     []unix.PollFd  // the bell, the listener, and the members in their order
	buf     [16 << 10]byte // what the last read has returned
}

// member is a client. It first sends a handshake, and then messages.
type member struct {
	fd     int
	open   bool      // the handshake is complete
	part   []byte    // the part of the handshake or of a message that has arrived
	frames ws.Reader // knows where the next frame begins
	out    []byte    // bytes for this member that aren't sent yet
	last   bool      // when they are sent, the connection is over
}

// serve is the loop: it waits, reads what members have sent, and then sends what is queued.
func (r *room) serve(listener, bell int) error {
	for ringing, reopen := false, time.Now(); !ringing; r.settle() { // until reopen, poll ignores the listener
		watched, wait := listener, -1
		if time.Now().Before(reopen) {
			watched, wait = -1, 100
		}
		if err := r.poll(bell, watched, wait); err != nil && err != unix.EINTR {
			return err
		}
		for i, m := range r.members {
			if r.fds[2+i].Revents&^unix.POLLOUT != 0 {
				r.read(m)
			}
		}
		if r.fds[1].Revents != 0 {
			fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if err == nil {
				unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
				r.members = append(r.members, &member{fd: fd})
			} else if err != unix.EAGAIN && err != unix.ECONNABORTED {
				log.Print("accept: ", err) // such as EMFILE; until reopen clients wait in the backlog
				reopen = time.Now().Add(100 * time.Millisecond)
			}
		}
		if ringing = r.fds[0].Revents != 0; ringing {
			r.broadcast(ws.Close, ws.AppendClose(nil, ws.GoingAway, ""))
		}
	}
	return nil
}

// read reads once from m, and handles the frames that have arrived.
func (r *room) read(m *member) {
	n, err := unix.Read(m.fd, r.buf[:])
	if n <= 0 && err != unix.EAGAIN { // 0 means the end: the client will send nothing more
		m.out, m.last = nil, true
	}
	p := r.buf[:max(n, 0)]
	if !m.open && !m.last {
		p = m.handshake(p)
	}
	for len(p) > 0 && !m.last {
		event, used := m.frames.Next(p)
		p = p[used:]
		switch event.Kind {
		case ws.Data:
			if m.part = append(m.part, event.Payload...); event.Last {
				r.broadcast(event.Opcode, m.part)
				m.part = nil
			}
		case ws.PingFrame:
			m.queue(ws.AppendShort(nil, ws.Pong, event.Payload))
		case ws.CloseFrame, ws.Failed:
			m.queue(ws.AppendShort(nil, ws.Close, ws.AppendClose(nil, event.Code, "")))
			m.last = true
		}
	}
}

// handshake takes a part of the handshake (RFC 6455 4.2). It returns the bytes after the handshake.
func (m *member) handshake(p []byte) (rest []byte) {
	m.part = append(m.part, p...)
	_, rest, complete := bytes.Cut(m.part, []byte("\r\n\r\n"))
	if !complete && len(m.part) < 16<<10 {
		return nil
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(m.part)))
	if m.last = err != nil || !complete || !ws.ValidKey([]byte(request.Header.Get("Sec-WebSocket-Key"))); m.last {
		return nil
	}
	m.queue(fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", ws.AppendAccept(nil, []byte(request.Header.Get("Sec-WebSocket-Key")))))
	m.frames.Init(ws.Server, 256<<10) // the most bytes of a message
	m.part, m.open = nil, true
	return rest
}

// broadcast queues a message for every member, also for its sender. It sends nothing.
func (r *room) broadcast(opcode ws.Opcode, payload []byte) {
	frame := ws.AppendFrame(nil, ws.Header{Fin: true, Opcode: opcode}, payload)
	for _, m := range r.members {
		if m.open {
			m.queue(frame)
		}
		m.last = m.last || opcode == ws.Close // nothing may follow a Close frame
	}
}

// queue queues bytes for m. They can't become many: see poll.
func (m *member) queue(p []byte) {
	if !m.last {
		m.out = append(m.out, p...)
	}
}

// poll waits until something can be read or sent. While more than 1 MiB waits for a member, nothing is read.
func (r *room) poll(bell, listener, wait int) error {
	r.fds = append(r.fds[:0], unix.PollFd{Fd: int32(bell), Events: unix.POLLIN},
		unix.PollFd{Fd: int32(listener), Events: unix.POLLIN})
	behind := slices.ContainsFunc(r.members, func(m *member) bool { return len(m.out) > 1<<20 })
	for _, m := range r.members {
		events := int16(unix.POLLIN)
		if behind {
			events = 0
		}
		if len(m.out) > 0 { // the socket was full
			events |= unix.POLLOUT
		}
		r.fds = append(r.fds, unix.PollFd{Fd: int32(m.fd), Events: events})
	}
	_, err := unix.Poll(r.fds, wait)
	return err
}

// settle sends what is queued, and closes the connections that are over.
func (r *room) settle() {
	r.members = slices.DeleteFunc(r.members, func(m *member) bool {
		if len(m.out) > 0 {
			if n, _ := unix.Write(m.fd, m.out); n > 0 { // -1 for EAGAIN, and for errors, which the next read reports
				m.out = bytes.Clone(m.out[n:]) // so the old array's memory is free
			}
		}
		over := m.last && len(m.out) == 0
		if over {
			unix.Close(m.fd)
		}
		return over
	})
}
