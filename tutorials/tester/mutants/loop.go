package main

import (
	"log"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// loop is one thread that serves all connections; epoll(7) reports which of
// them are ready.
type loop struct {
	*parts
	ep, ln int
	conns  map[int]*conn // by descriptor
	reopen time.Time     // when the listener is watched again; zero: it is watched
}

// conn is a connection of the loop.
type conn struct {
	fd    int
	proto proto
	out   []byte // not sent yet
	end   bool   // close when all is sent
	begun time.Time
	waits uint32 // the events that epoll waits for
}

// reactor serves with one loop.
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
		l.sweep()
	}
}

func (l *loop) control(op, fd int, events uint32) {
	unix.EpollCtl(l.ep, op, fd, &unix.EpollEvent{Fd: int32(fd), Events: events})
}

// acceptAll takes all clients that wait.
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

// pause stops watching the listener for a while: it stays ready, and accept would go on failing.
func pause(l *loop) {
	l.reopen = time.Now().Add(acceptPause)
	l.control(unix.EPOLL_CTL_MOD, l.ln, 0)
}

// pauseOver reports whether the pause has ended. Events of clients don't end it.
func pauseOver(l *loop) bool { return !time.Now().Before(l.reopen) }

func newState(l *loop, fd int) *conn { return &conn{fd: fd, proto: l.proto()} }

// ready reads once. What is left is reported again.
func ready(l *loop, c *conn, events uint32) {
	if events&^unix.EPOLLOUT == 0 {
		return
	}
	buf := make([]byte, 16<<10)
	n, err := unix.Read(c.fd, buf)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil: // a reset: nobody is left to send to
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

// settle sends, closes, and says what to wait for.
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

// flush sends as much as the socket takes.
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
	return nil
}

// interest: as long as something is to be sent nothing more is read, so that
// what isn't sent has a bound.
func interest(c *conn) uint32 {
	switch {
	case len(c.out) > 0:
		return unix.EPOLLOUT
	case c.end:
		return 0
	}
	return unix.EPOLLIN
}

// timeout is how long to wait, in milliseconds, until a request is late or the listener may be watched again.
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

// sweep closes connections whose request is late.
func (l *loop) sweep() {
	for _, c := range l.conns {
		if !c.begun.IsZero() && time.Since(c.begun) > l.requestTimeout {
			l.close(c)
		}
	}
}
