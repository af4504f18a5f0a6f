package sim

import (
	"net/netip"
	"slices"
	"time"
)

// listening is what a listener has besides other sockets.
type listening struct {
	limit    int    // connections that may wait, less one: Linux compares with "more than"
	backlog  []*tcp // connections that accept(2) will return
	deferred []*tcp // those that TCP_DEFER_ACCEPT holds back, because their client has sent nothing
}

// somaxconn is net.core.somaxconn, the most connections that a backlog may have.
const somaxconn = 4096

// Listen is listen(2).
func (t *Thread) Listen(fd, backlog int) error {
	_, errno := t.call("listen", fd, func() string { return argList(fd, backlog) }, func() (int, Errno) {
		s, errno := t.tcp(fd)
		if errno != 0 {
			return -1, errno
		}
		if backlog < 0 || backlog > somaxconn {
			backlog = somaxconn
		}
		switch {
		case s.state == listen:
			s.limit = backlog
			return 0, 0
		case s.state != closed || s.remote.Port() != 0 || s.phase != unconnected:
			return -1, EINVAL
		}
		if !s.hasPort {
			port, ok := t.k.ports.ephemeral()
			if !ok {
				return -1, EADDRINUSE
			}
			s.local = netip.AddrPortFrom(s.unspecified(), port)
			t.k.ports.add(s)
		}
		s.state = listen
		if t.k.ports.conflict(s, s.local) {
			s.state = closed
			return -1, EADDRINUSE
		}
		s.listening = &listening{limit: backlog}
		return 0, 0
	})
	return errno.err()
}

func (s *tcp) unspecified() netip.Addr {
	if s.family == AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// Accept4 is accept4(2).
func (t *Thread) Accept4(fd, flags int) (int, error) {
	n, errno := t.call("accept4", fd, func() string {
		return argList(fd, raw("NULL"), raw("NULL"),
			flagArg(uint64(flags), []name{{SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"}}))
	}, func() (int, Errno) {
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		s, errno := t.tcp(fd)
		switch {
		case flags&^(SOCK_NONBLOCK|SOCK_CLOEXEC) != 0:
			return -1, EINVAL
		case !t.table.room(1): // Linux looks for a free number first
			return -1, EMFILE
		case errno == ENOTSOCK:
			return -1, errno
		case errno != 0:
			return -1, errno
		}
		return t.whenReady(d, false, func() (int, Errno) { return t.accept(s, flags) })
	})
	return n, errno.err()
}

// accept gives the first connection of a backlog a number. Another thread may have taken the last
// number since accept4 began: then the connection stays where it is.
func (t *Thread) accept(ln *tcp, flags int) (int, Errno) {
	switch {
	case ln.state != listen:
		return -1, EINVAL
	case len(ln.backlog) == 0:
		return -1, EAGAIN
	case !t.table.room(1):
		return -1, EMFILE
	}
	c := ln.backlog[0]
	ln.backlog = slices.Delete(ln.backlog, 0, 1)
	c.listensFor, c.orphan = nil, false
	return t.open(c, O_RDWR|flags&SOCK_NONBLOCK, flags&SOCK_CLOEXEC != 0)
}

// Connect is connect(2).
func (t *Thread) Connect(fd int, at Sockaddr) error {
	if !inRange(at) {
		return EINVAL
	}
	_, errno := t.call("connect", fd, func() string { return argList(fd, sockaddrArg(at)) }, func() (int, Errno) {
		d, errno := t.opened(fd)
		if errno != 0 {
			return -1, errno
		}
		s, errno := t.tcp(fd)
		if errno != 0 {
			return -1, errno
		}
		d.refs++ // the call keeps the file open
		defer d.release()
		to, ok := addrPort(at)
		if ok && s.family == AF_INET6 && at.family() == AF_INET { // the address is too short
			return -1, EINVAL
		}
		if !ok || s.family == AF_INET && !to.Addr().Is4() {
			return -1, EAFNOSUPPORT
		}
		return 0, s.connect(t, d, to)
	})
	return errno.err()
}

func (s *tcp) connect(t *Thread, d *description, to netip.AddrPort) Errno {
	inProgress := EALREADY
	switch {
	case s.phase == disconnecting:
		return EINVAL
	case s.phase == connected, s.phase == unconnected && s.state != closed:
		return EISCONN
	case s.phase == unconnected:
		if errno := s.sendSyn(to); errno != 0 {
			return errno
		}
		if inProgress = EINPROGRESS; d.nonblocking() {
			return inProgress
		}
	}
	for s.state == synSent {
		if d.nonblocking() {
			return inProgress
		}
		t.waitIn(forever, &s.q)
	}
	if s.state == closed {
		errno := s.takeError()
		if s.disconnect(); errno == 0 {
			return ECONNABORTED
		}
		return errno
	}
	s.phase = connected
	return 0
}

// disconnect makes a socket whose connection is over as it was before connect(2).
func (s *tcp) disconnect() {
	s.phase, s.err = unconnected, 0
	s.received, s.finCame, s.noReceive, s.noSend = nil, false, false, false
	s.remote = netip.AddrPort{}
	if !s.lockedAddr {
		s.local = netip.AddrPortFrom(s.unspecified(), s.local.Port())
	}
	s.q.wake(POLLERR)
}

// sendSyn begins a connection.
func (s *tcp) sendSyn(to netip.AddrPort) Errno {
	if !isLocal(to.Addr()) {
		return ENETUNREACH
	}
	if to.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(loopbackOf(to.Addr()), to.Port())
	}
	if !s.hasPort {
		port, ok := s.k.ports.ephemeral()
		if !ok {
			return EADDRNOTAVAIL
		}
		s.local = netip.AddrPortFrom(loopbackOf(to.Addr()), port)
		s.k.ports.add(s)
	} else if s.local.Addr().IsUnspecified() {
		s.local = netip.AddrPortFrom(loopbackOf(to.Addr()), s.local.Port())
	}
	if s.local == to {
		panic("sim: a socket that connects to itself isn't modelled")
	}
	s.remote, s.state, s.phase, s.synRetries, s.err = to, synSent, connecting, 0, 0
	s.trySyn()
	return 0
}

func loopbackOf(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// synTimeout is how long a client waits for the answer to a SYN. It sends the SYN again up to mostSyns
// times. After linearSyns repetitions, net.ipv4.tcp_syn_linear_timeouts, the time doubles with each.
const (
	synTimeout = time.Second
	linearSyns = 4
	mostSyns   = 6 + linearSyns // net.ipv4.tcp_syn_retries
)

// trySyn sends a SYN. If the backlog is full, the listener's kernel drops it, and it is sent again
// later.
func (s *tcp) trySyn() {
	ln := s.k.ports.listener(s.remote)
	switch {
	case ln == nil:
		s.rstArrived()
	case len(ln.backlog) > ln.limit:
		again := synTimeout << max(s.synRetries-linearSyns, 0)
		s.k.setTimer(&s.synTimer, s.k.now+again, func() {
			if s.synRetries++; s.synRetries > mostSyns {
				s.over()
				s.err = ETIMEDOUT
				s.changed()
				return
			}
			s.trySyn()
		})
	default:
		ln.handshake(s)
	}
}

// handshake completes the connection of a client.
func (s *tcp) handshake(client *tcp) {
	c := s.k.newTCP(s.family)
	c.options = s.options
	c.state, c.phase = established, connected
	c.noReceive, c.noSend = s.noReceive, s.noSend // of a socket that was shut down before listen(2)
	c.local, c.remote = client.remote, client.local
	c.peer, client.peer = client, c
	c.listensFor = s
	s.k.ports.add(c)
	client.state = established
	// With too many clients that are held back, Linux sends SYN cookies, and these aren't held back.
	defers := s.deferAccept > 0 && len(s.deferred) <= s.limit
	if defers {
		s.deferred = append(s.deferred, c)
		s.offerLater(c, synTimeout, 1)
	} else {
		s.backlog = append(s.backlog, c)
	}
	client.changed()
	if !defers {
		s.q.wake(POLLIN)
	}
	if c.noSend {
		c.sendFin()
	}
}

// offerLater gives a silent client to accept(2) when TCP_DEFER_ACCEPT's time is over. The kernel
// looks only when it sends its SYN-ACK again: one second after the first one, two after the second.
func (s *tcp) offerLater(c *tcp, after time.Duration, tries int) {
	s.k.later(after, "the kernel sends the SYN-ACK again to a client that TCP_DEFER_ACCEPT holds back", c, func() {
		if c.listensFor != s || !s.isDeferred(c) {
			return
		}
		if period := time.Duration(1<<tries-1) * time.Second; period >= time.Duration(s.deferAccept)*time.Second {
			s.promote(c)
			return
		}
		s.offerLater(c, after*2, tries+1)
	})
}

func (s *tcp) isDeferred(c *tcp) bool {
	if s.listening == nil { // it was closed meanwhile
		return false
	}
	for _, o := range s.deferred {
		if o == c {
			return true
		}
	}
	return false
}

// promote moves a connection that TCP_DEFER_ACCEPT held back to the backlog.
func (s *tcp) promote(c *tcp) {
	if !s.isDeferred(c) {
		return
	}
	s.deferred = removed(s.deferred, c)
	s.backlog = append(s.backlog, c)
	c.options = s.options // only now does Linux make a socket of it
	s.q.wake(POLLIN)
}

// forget drops a connection that was reset before TCP_DEFER_ACCEPT let it go. One that is in the
// backlog stays there: accept(2) returns it, and its first read fails.
func (s *tcp) forget(c *tcp) {
	if s.isDeferred(c) {
		s.deferred = removed(s.deferred, c)
		c.orphan = true
	}
}

// stopListening resets the connections that nobody has accepted. The clients that TCP_DEFER_ACCEPT
// held back learn nothing until they send something.
func (s *tcp) stopListening() {
	for _, c := range s.backlog {
		c.orphan, c.listensFor = true, nil
		c.reset()
	}
	for _, c := range s.deferred {
		c.orphan, c.listensFor = true, nil
		c.over()
	}
	s.state = closed
	s.listening = nil
}

// Listening is an address by which clients on the same machine reach the process, or ok is false if
// it doesn't listen.
func (p *Process) Listening() (at netip.AddrPort, ok bool) {
	for d := range p.descriptors() {
		if s, isTCP := d.file.(*tcp); isTCP && s.state == listen {
			if at = s.local; at.Addr().IsUnspecified() {
				at = netip.AddrPortFrom(loopbackOf(at.Addr()), at.Port())
			}
			return at, true
		}
	}
	return at, false
}
