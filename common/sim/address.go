package sim

import (
	"math"
	"net/netip"
)

// address returns an address as a process of the socket's family sees it.
func (s *tcp) address(at netip.AddrPort) Sockaddr {
	if s.family == AF_INET {
		if !at.IsValid() {
			return &SockaddrInet4{}
		}
		return &SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	if !at.IsValid() {
		return &SockaddrInet6{}
	}
	return &SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}

// Getsockname is getsockname(2).
func (t *Thread) Getsockname(fd int) (at Sockaddr, err error) {
	_, errno := t.call("getsockname", fd, func() string { return argList(fd, sockaddrArg(at)) }, func() (int, Errno) {
		if t.unixSocket(fd) {
			at = &SockaddrUnix{}
			return 0, 0
		}
		s, errno := t.tcp(fd)
		if errno != 0 {
			return -1, errno
		}
		at = s.address(s.local)
		return 0, 0
	})
	return at, errno.err()
}

// Getpeername is getpeername(2).
func (t *Thread) Getpeername(fd int) (at Sockaddr, err error) {
	_, errno := t.call("getpeername", fd, func() string { return argList(fd, sockaddrArg(at)) }, func() (int, Errno) {
		if t.unixSocket(fd) {
			at = &SockaddrUnix{}
			return 0, 0
		}
		s, errno := t.tcp(fd)
		switch {
		case errno != 0:
			return -1, errno
		case s.remote.Port() == 0, s.state == closed, s.state == synSent:
			return -1, ENOTCONN
		}
		at = s.address(s.remote)
		return 0, 0
	})
	return at, errno.err()
}

// unixSocket reports whether a descriptor is one of a pair of Unix sockets. These have no name, but
// a peer even after it has closed.
func (t *Thread) unixSocket(fd int) bool {
	d, errno := t.table.at(fd)
	if errno != 0 {
		return false
	}
	_, ok := d.file.(*unixSocket)
	return ok
}

func sockaddrArg(at Sockaddr) raw {
	if p, ok := addrPort(at); ok {
		return raw(p.String())
	}
	if _, ok := at.(*SockaddrUnix); ok {
		return "{sa_family=AF_UNIX}"
	}
	return "NULL"
}

// addrPort is an address without the form that IPv6 gives to an IPv4 address.
func addrPort(at Sockaddr) (netip.AddrPort, bool) {
	switch at := at.(type) {
	case *SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)), true
	case *SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(at.Addr).Unmap(), uint16(at.Port)), true
	}
	return netip.AddrPort{}, false
}

// inRange reports whether the port of an address is one. Package unix returns EINVAL for others,
// without a system call.
func inRange(at Sockaddr) bool {
	switch at := at.(type) {
	case *SockaddrInet4:
		return at.Port >= 0 && at.Port <= math.MaxUint16
	case *SockaddrInet6:
		return at.Port >= 0 && at.Port <= math.MaxUint16
	}
	return true
}

// isLocal reports whether the machine has an address. Its only interface is loopback.
func isLocal(a netip.Addr) bool { return a.IsLoopback() || a.IsUnspecified() }
