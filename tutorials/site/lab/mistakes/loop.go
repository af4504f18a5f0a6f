package main

import (
	"fmt"
	"time"

	"threeloops/common/sys"
)

// Event flags that package sys doesn't name, epoll_ctl(2).
const (
	hangUp = 0x8 | 0x10 // EPOLLERR|EPOLLHUP
	edge   = 1 << 31    // EPOLLET
)

// loop is the epoll loop.
type loop struct {
	options
	ep, listener int
	conns        []*conn // by descriptor
	oldest       []*conn // in the order in which they came
	over         []*conn // to close when all events of the wait are handled
}

// conn is a connection.
type conn struct {
	fd    int
	out   []byte // bytes to send
	armed uint32 // the events that epoll watches it for
	last  bool   // it ends when out is sent
	over  bool   // it is on the list over, or closed
}

// start begins to listen.
func (l *loop) start() (err error) {
	if l.mistake != "zombie" {
		ended := sys.Notify(sys.SIGCHLD)
		sys.Go(func() { reap(ended) })
	}
	if l.listener, err = sys.Socket(sys.AF_INET, sys.SOCK_STREAM|sys.SOCK_NONBLOCK|sys.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	sys.SetsockoptInt(l.listener, sys.SOL_SOCKET, sys.SO_REUSEADDR, 1)
	if err = sys.Bind(l.listener, &sys.SockaddrInet4{Port: l.port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if err = sys.Listen(l.listener, 128); err != nil {
		return err
	}
	if l.ep, err = sys.EpollCreate(); err != nil {
		return err
	}
	if at, err := sys.Getsockname(l.listener); err == nil {
		l.port = at.(*sys.SockaddrInet4).Port
	}
	sys.Write(1, fmt.Appendf(nil, "mistakes: listening on 127.0.0.1:%d with -mistake=%s\n", l.port, l.mistake))
	return sys.EpollCtl(l.ep, sys.EPOLL_CTL_ADD, l.listener, sys.POLLIN)
}

// pause is how long the loop sleeps when all events of a wait were useless. On a real machine such a
// loop uses a whole processor. On the simulated kernel computing takes no time, so without the pause
// time would stand still.
const pause = 10 * time.Millisecond

// run repeats three steps: wait, handle the events, close what is over.
func (l *loop) run() {
	events := make([]sys.EpollEvent, 64)
	for {
		n, _ := sys.EpollWait(l.ep, events, sys.Forever)
		useful := n == 0
		for _, e := range events[:n] {
			switch c := l.at(int(e.Fd)); {
			case int(e.Fd) == l.listener:
				useful = l.accept() || useful
			case c != nil && !c.over: // else the event is about a connection that was closed
				useful = l.handle(c, e.Events) || useful
			}
		}
		for _, c := range l.over {
			l.close(c)
		}
		if l.over = l.over[:0]; !useful {
			sys.Sleep(pause)
		}
	}
}

// accept accepts one client. If there are too many, the oldest one has to go.
func (l *loop) accept() (useful bool) {
	if len(l.oldest) >= l.most {
		l.end(l.oldest[0])
	}
	fd, err := sys.RawAccept4(l.listener)
	if err != nil {
		return false
	}
	c := &conn{fd: fd}
	for fd >= len(l.conns) {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	l.oldest = append(l.oldest, c)
	l.watch(c, sys.EPOLL_CTL_ADD, sys.POLLIN)
	return true
}

// handle handles an event of a connection, and reports whether anything could be done.
func (l *loop) handle(c *conn, events uint32) (useful bool) {
	switch {
	case events&hangUp != 0:
		l.end(c)
		return true
	case events&sys.POLLIN != 0:
		useful = l.read(c)
	}
	if len(c.out) > 0 && !c.over {
		n, err := sys.RawSend(c.fd, [][]byte{c.out}, false, new(sys.Vector))
		c.out = c.out[n:]
		useful = useful || n > 0
		if err != nil && err != sys.EAGAIN {
			l.end(c)
		}
	}
	if c.last && len(c.out) == 0 {
		l.end(c)
	}
	if !c.over {
		l.rearm(c)
	}
	return useful
}

// read reads once. With EPOLLIN alone that is enough: if there is more, the next wait reports the
// connection again. With EPOLLET it doesn't, so the loop would have to read until EAGAIN.
func (l *loop) read(c *conn) (useful bool) {
	b := make([]byte, l.buffer)
	n, err := sys.RawRead(c.fd, b)
	switch {
	case err == sys.EAGAIN:
		return false
	case err != nil || n == 0:
		l.end(c)
	case b[0] == '!':
		if c.out = append(c.out, "started\n"...); l.startHelper(c) != nil {
			c.out = append(c.out[:0], "failed\n"...)
		}
		c.last = true
	default:
		c.out = append(c.out, b[:n]...)
	}
	return true
}

// rearm watches c for what it waits for: for room while it has bytes to send, else for input. So a
// client that doesn't read what it gets isn't read from: this is backpressure.
func (l *loop) rearm(c *conn) {
	var want uint32 = sys.POLLIN
	if len(c.out) > 0 {
		want = sys.POLLOUT
	}
	if l.mistake == "armed" {
		want |= c.armed & sys.POLLOUT // once armed, always armed
	}
	l.watch(c, sys.EPOLL_CTL_MOD, want)
}

// watch changes what epoll watches c for.
func (l *loop) watch(c *conn, op int, events uint32) {
	if l.mistake == "edge" {
		events |= edge
	}
	if events != c.armed {
		c.armed = events
		sys.EpollCtl(l.ep, op, c.fd, events)
	}
}

// end ends a connection. It is closed after all events of this wait were handled: only then can its
// number be given to another connection without being mistaken for it.
func (l *loop) end(c *conn) {
	if c.over {
		return
	}
	c.over = true
	for i, o := range l.oldest {
		if o == c {
			l.oldest = append(l.oldest[:i], l.oldest[i+1:]...)
			break
		}
	}
	if l.mistake == "stale" {
		l.close(c) // the next accept4 may return the same number
		return
	}
	l.over = append(l.over, c)
}

// close closes the connection. If no other descriptor leads to its open file description, the kernel
// sends a FIN and takes the entry out of the interest list.
func (l *loop) close(c *conn) {
	l.conns[c.fd] = nil
	sys.Close(c.fd)
}

// at is the connection that has a descriptor, or nil.
func (l *loop) at(fd int) *conn {
	if fd < len(l.conns) {
		return l.conns[fd]
	}
	return nil
}
