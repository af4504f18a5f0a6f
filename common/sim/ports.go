package sim

import (
	"net/netip"
	"time"
)

// ports remembers the sockets that have a local port.
type ports struct {
	k        *Kernel
	bound    map[uint16][]*tcp
	lastFree uint16
}

// The ephemeral ports, ip(7).
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
)

// timeWaitTime is how long TIME-WAIT lasts.
const timeWaitTime = 60 * time.Second

// Bind is bind(2).
func (t *Thread) Bind(fd int, at Sockaddr) error {
	if !inRange(at) {
		return EINVAL
	}
	_, errno := t.call("bind", fd, func() string { return argList(fd, sockaddrArg(at)) }, func() (int, Errno) {
		s, errno := t.tcp(fd)
		if errno != 0 {
			return -1, errno
		}
		want, ok := addrPort(at)
		switch {
		case ok && s.family == AF_INET6 && at.family() == AF_INET: // the address is too short
			return -1, EINVAL
		case !ok || s.family != at.family():
			return -1, EAFNOSUPPORT
		case !isLocal(want.Addr()):
			return -1, EADDRNOTAVAIL
		case s.hasPort || s.state != closed:
			return -1, EINVAL
		}
		lockedPort := want.Port() != 0
		if !lockedPort {
			port, ok := t.k.ports.ephemeral()
			if !ok {
				return -1, EADDRINUSE
			}
			want = netip.AddrPortFrom(want.Addr(), port)
		}
		if t.k.ports.conflict(s, want) {
			s.local = netip.AddrPortFrom(s.unspecified(), s.local.Port())
			return -1, EADDRINUSE
		}
		s.lockedAddr, s.lockedPort = !want.Addr().IsUnspecified(), lockedPort
		s.local = want
		t.k.ports.add(s)
		return 0, 0
	})
	return errno.err()
}

func (p *ports) add(s *tcp) {
	if p.bound == nil {
		p.bound = map[uint16][]*tcp{}
	}
	port := s.local.Port()
	p.bound[port] = append(p.bound[port], s)
	s.hasPort = true
}

func (p *ports) release(s *tcp) {
	port := s.local.Port()
	s.hasPort = false
	if all := removed(p.bound[port], s); len(all) > 0 {
		p.bound[port] = all
	} else {
		delete(p.bound, port)
	}
}

// ephemeral returns a port that no socket has, or ok is false if there is none. Unlike Linux, it
// doesn't give a new connection the port of one in TIME-WAIT.
func (p *ports) ephemeral() (port uint16, ok bool) {
	for range lastEphemeral - firstEphemeral + 1 {
		if p.lastFree++; p.lastFree < firstEphemeral || p.lastFree > lastEphemeral {
			p.lastFree = firstEphemeral
		}
		if len(p.bound[p.lastFree]) == 0 {
			return p.lastFree, true
		}
	}
	return 0, false
}

// conflict reports whether s may not have the address at. Two sockets may share a port if both have
// SO_REUSEADDR and the other one doesn't listen, or if both have SO_REUSEPORT, socket(7).
func (p *ports) conflict(s *tcp, at netip.AddrPort) bool {
	for _, o := range p.bound[at.Port()] {
		switch {
		case o == s, !overlap(s, at.Addr(), o):
		case s.reuseAddr && o.reuseAddr && o.state != listen:
		case s.reusePort && o.reusePort:
		default:
			return true
		}
	}
	return false
}

// overlap reports whether a client could mean both s at an address and o.
func overlap(s *tcp, at netip.Addr, o *tcp) bool {
	return covers(s, at, o.local.Addr()) || covers(o, o.local.Addr(), at)
}

// covers reports whether a socket that is bound to an address gets clients of another one.
func covers(s *tcp, bound, to netip.Addr) bool {
	switch {
	case bound == to:
		return true
	case !bound.IsUnspecified():
		return false
	}
	return bound.Is4() == to.Is4() || bound.Is6() && !s.v6only
}

// listener returns the listener that gets a client, or nil. One that is bound to the address itself
// comes before one that is bound to all. Of several with SO_REUSEPORT the seed decides.
func (p *ports) listener(to netip.AddrPort) *tcp {
	var exact, any []*tcp
	for _, s := range p.bound[to.Port()] {
		switch {
		case s.state != listen || !covers(s, s.local.Addr(), to.Addr()):
		case s.local.Addr() == to.Addr():
			exact = append(exact, s)
		default:
			any = append(any, s)
		}
	}
	if len(exact) == 0 {
		exact = any
	}
	switch len(exact) {
	case 0:
		return nil
	case 1:
		return exact[0]
	}
	return exact[p.k.rand.IntN(len(exact))]
}

// timeWait keeps the port of s for a minute: a segment of the old connection must not reach a new
// one.
func (p *ports) timeWait(s *tcp) {
	ghost := &tcp{k: p.k, family: s.family, local: s.local, options: s.options, orphan: true}
	p.add(ghost)
	p.k.later(timeWaitTime, "TIME-WAIT is over, so a port is free again", nil, func() { p.release(ghost) })
}
