package main

import (
	"log"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// loop serves all connections in one thread. epoll(7) reports which connections are ready.
type loop struct {
	*parts
	ep, ln int
	conns  map[int]*conn // by descriptor
	reopen time.Time     // end of the pause after a failed accept; zero: there is no pause
}

// conn is a connection of the loop.
type conn struct {
	fd    int // -1 if closed
	proto proto
	out   []byte    // bytes not sent yet
	end   bool      // close the connection when out is empty
	begun time.Time // when the unfinished request began; zero: there is none
	waits uint32    // event flags that epoll waits for
}

// reactor serves all connections with one loop.
func reactor(s *parts, ln *net.TCPListener) {
	f, err := ln.File()
	if err != nil {
		return
	}
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return
	}
	l := &loop{parts: s, ep: ep, conns: map[int]*conn{}}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) { l.ln = int(fd) })
	l.control(unix.EPOLL_CTL_ADD, l.ln, unix.EPOLLIN|s.listenerFlags)
	l.run()
}

func (l *loop) run() {
	events := make([]unix.EpollEvent, 64)
	for {
		n, err := unix.EpollWait(l.ep, events, l.timeout())
		if err != nil && err != unix.EINTR {
			return
		}
		if !l.reopen.IsZero() && l.pauseOver(l) {
			l.reopen = time.Time{}
			l.control(unix.EPOLL_CTL_MOD, l.ln, unix.EPOLLIN|l.listenerFlags)
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == l.ln {
				l.accept(l)
			} else if c := l.conns[int(e.Fd)]; c != nil {
				l.ready(l, c, e.Events)
				l.settle(c)
			}
		}
		l.served(l)
		l.sweep()
	}
}

func (l *loop) control(op, fd int, events uint32) {
	unix.EpollCtl(l.ep, op, fd, &unix.EpollEvent{Fd: int32(fd), Events: events})
}

// acceptAll accepts all clients in the backlog.
func acceptAll(l *loop) {
	for l.acceptOne() {
	}
}

func (l *loop) acceptOne() bool {
	fd, _, err := unix.Accept4(l.ln, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch err {
	case nil:
	case unix.EINTR, unix.ECONNABORTED:
		return true
	case unix.EAGAIN:
		return false
	default:
		log.Print("accept: ", err)
		l.pause(l)
		return false
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	c := l.state(l, fd)
	c.waits = l.interest(c)
	l.conns[fd] = c
	l.control(unix.EPOLL_CTL_ADD, fd, c.waits)
	return true
}

// pause stops watching the listener for a while. The listener stays ready, so otherwise the loop would
// call accept again immediately.
func pause(l *loop) {
	l.reopen = time.Now().Add(acceptPause)
	l.control(unix.EPOLL_CTL_MOD, l.ln, 0)
}

// pauseOver reports whether the pause has ended. Events of clients don't end it.
func pauseOver(l *loop) bool { return !time.Now().Before(l.reopen) }

func newState(l *loop, fd int) *conn { return &conn{fd: fd, proto: l.proto()} }

// ready reads once. If bytes are left, epoll reports the connection again.
func ready(l *loop, c *conn, events uint32) {
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	buf := make([]byte, 16<<10)
	n, err := unix.Read(c.fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil: // for example a reset: the client can't receive anything any more
		c.out, c.end = nil, true
	case n == 0:
		c.end = true
	default:
		c.feed(buf[:n])
	}
}

// feed gives the protocol what was read.
func (c *conn) feed(in []byte) {
	out, end := c.proto.feed(in)
	c.out = append(c.out, out...)
	c.end = c.end || end
}

// settle sends what it can, closes the connection if it has ended, and tells epoll what to wait for.
func (l *loop) settle(c *conn) {
	if c.fd < 0 {
		return
	}
	if err := l.flush(c); err != nil {
		c.out, c.end = nil, true
	}
	if c.end && len(c.out) == 0 {
		l.close(c)
		return
	}
	switch {
	case !c.proto.midway():
		c.begun = time.Time{}
	case c.begun.IsZero():
		c.begun = time.Now()
	}
	if now := l.interest(c); now != c.waits {
		c.waits = now
		l.control(unix.EPOLL_CTL_MOD, c.fd, now)
	}
}

func (l *loop) close(c *conn) {
	unix.Close(c.fd)
	delete(l.conns, c.fd)
	c.fd = -1
}

// flush sends as many bytes as the socket takes.
func flush(c *conn) error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
		case err != nil:
			return err
		default:
			c.out = c.out[n:]
		}
	}
	c.out = nil // an empty slice would still keep its array
	return nil
}

// interest returns the event flags to wait for. While the connection has bytes to send, the loop doesn't
// read from it, so the queue of bytes to send can't grow without limit.
func interest(c *conn) uint32 {
	switch {
	case len(c.out) > 0:
		return unix.EPOLLOUT
	case c.end:
		return 0
	}
	return unix.EPOLLIN
}

// timeout returns how long epoll_wait may sleep, in milliseconds, before a request may be late or the
// pause may end. -1 means no limit.
func (l *loop) timeout() int {
	if !l.reopen.IsZero() {
		return int(acceptPause.Milliseconds())
	}
	for _, c := range l.conns {
		if !c.begun.IsZero() {
			return 200
		}
	}
	return -1
}

// sweep closes each connection whose unfinished request has taken too long.
func (l *loop) sweep() {
	for _, c := range l.conns {
		if !c.begun.IsZero() && time.Since(c.begun) > l.requestTimeout {
			l.close(c)
		}
	}
}
