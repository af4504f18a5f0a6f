package conn

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// Listener is a listening socket. It keeps a spare descriptor, so that it can reject a client when
// there is no other descriptor left.
type Listener struct {
	FD   int
	Addr netip.AddrPort // the bound address; if port 0 was asked for, it has the real port

	spare      int // negative: the spare descriptor is used
	rejectedFD int // of the client that got a 503 last; negative: none; see send503
	io         *IO

	quota, left int // of Next: clients in an iteration, and how many of them are left
}

// Config is how to listen.
type Config struct {
	Addr        string // host:port; an empty host means all addresses
	Ports       int    // number of consecutive ports, beginning with Addr's
	Backlog     int    // connections that the kernel completes before they are accepted
	NoDelay     bool   // TCP_NODELAY for the connections
	DeferAccept int    // seconds; TCP_DEFER_ACCEPT if positive

	ReusePort    bool        // other listeners may bind the same ports (SO_REUSEPORT)
	SharePortsOf []*Listener // instead of Addr and Ports: the ports of these, which must have ReusePort
}

// Listen opens the listeners that cfg describes: one for each port.
func Listen(cfg Config, io *IO) ([]*Listener, error) {
	if cfg.SharePortsOf != nil {
		var where []netip.AddrPort
		for _, ln := range cfg.SharePortsOf {
			where = append(where, ln.Addr)
		}
		return listenAll(where, cfg, io)
	}
	host, port, err := SplitAddress(cfg.Addr)
	if err != nil {
		return nil, err
	}
	at, err := Resolve(host)
	switch {
	case err != nil:
		return nil, err
	case at.IsValid():
		return listenAll(cfg.from(at, port), cfg, io)
	}
	all, err := listenAll(cfg.from(netip.IPv6Unspecified(), port), cfg, io)
	if errors.Is(err, sys.EAFNOSUPPORT) { // a machine without IPv6: all addresses are IPv4
		all, err = listenAll(cfg.from(netip.IPv4Unspecified(), port), cfg, io)
	}
	return all, err
}

// from returns cfg.Ports consecutive ports of an address, beginning with port. If port is 0, the
// kernel chooses each.
func (cfg *Config) from(at netip.Addr, port uint16) (where []netip.AddrPort) {
	for i := range max(cfg.Ports, 1) {
		if port != 0 && i > 0 {
			port++
		}
		where = append(where, netip.AddrPortFrom(at, port))
	}
	return where
}

func listenAll(where []netip.AddrPort, cfg Config, io *IO) (all []*Listener, err error) {
	for _, at := range where {
		ln, err := listen(at, cfg, io)
		if err != nil {
			CloseAll(all)
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		all = append(all, ln)
	}
	return all, nil
}

// CloseAll closes listeners.
func CloseAll(all []*Listener) {
	for _, ln := range all {
		ln.Close()
	}
}

func listen(at netip.AddrPort, cfg Config, io *IO) (*Listener, error) {
	family, sa, err := sockaddr(at)
	if err != nil {
		return nil, err
	}
	if cfg.ReusePort && cfg.SharePortsOf == nil {
		if err := probe(family, sa); err != nil {
			return nil, err
		}
	}
	fd, err := sys.Socket(family, sys.SOCK_STREAM|sys.SOCK_NONBLOCK|sys.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	ln := &Listener{io: io, FD: fd, spare: -1, rejectedFD: -1, quota: 1, left: 1}
	if err := ln.start(sa, at.Addr().IsUnspecified(), cfg); err != nil {
		ln.Close()
		return nil, err
	}
	ln.Addr = netip.AddrPortFrom(at.Addr(), ln.Addr.Port()) // with the zone of at
	return ln, nil
}

// start binds and listens. With SO_REUSEADDR a server can start again while connections of the
// previous one are in TIME_WAIT. On Linux an accepted connection inherits the options of tcp(7),
// such as TCP_NODELAY, from the listener. So they are set only once.
func (ln *Listener) start(sa sys.Sockaddr, anyAddr bool, cfg Config) error {
	type option struct{ level, name, value int }
	options := []option{{sys.SOL_SOCKET, sys.SO_REUSEADDR, 1}}
	if cfg.NoDelay {
		options = append(options, option{sys.IPPROTO_TCP, sys.TCP_NODELAY, 1})
	}
	if cfg.ReusePort {
		options = append(options, option{sys.SOL_SOCKET, sys.SO_REUSEPORT, 1})
	}
	if cfg.DeferAccept > 0 {
		options = append(options, option{sys.IPPROTO_TCP, sys.TCP_DEFER_ACCEPT, cfg.DeferAccept})
	}
	if _, v6 := sa.(*sys.SockaddrInet6); v6 && anyAddr {
		options = append(options, option{sys.IPPROTO_IPV6, sys.IPV6_V6ONLY, 0})
	}
	for _, o := range options {
		if err := sys.SetsockoptInt(ln.FD, o.level, o.name, o.value); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
	}
	if err := sys.Bind(ln.FD, sa); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := sys.Listen(ln.FD, cfg.Backlog); err != nil {
		return os.NewSyscallError("listen", err)
	}
	name, err := sys.Getsockname(ln.FD)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	ln.Addr = sys.AddrPort(name)
	ln.spare, err = spareFD()
	return err
}

// probe finds out whether another program uses sa. With SO_REUSEPORT our bind(2) would succeed even
// if another program of the same user listens there with SO_REUSEPORT, such as an older copy of
// this server. Then each would get some of the clients. So probe tries to bind without that option.
func probe(family int, sa sys.Sockaddr) error {
	fd, err := sys.Socket(family, sys.SOCK_STREAM|sys.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer sys.Close(fd)
	if err := sys.SetsockoptInt(fd, sys.SOL_SOCKET, sys.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", sys.Bind(fd, sa))
}

// spareFD returns a descriptor whose only purpose is to be closed later. It is an eventfd and not
// /dev/null, because a chroot may have no /dev.
func spareFD() (int, error) {
	fd, err := sys.Eventfd(0, sys.EFD_CLOEXEC)
	return fd, os.NewSyscallError("eventfd2", err)
}

func sockaddr(at netip.AddrPort) (family int, sa sys.Sockaddr, err error) {
	if at.Addr().Is4() {
		return sys.AF_INET, &sys.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}, nil
	}
	zone, err := zoneID(at.Addr().Zone())
	return sys.AF_INET6, &sys.SockaddrInet6{Addr: at.Addr().As16(), Port: int(at.Port()), ZoneId: zone}, err
}

// AcceptResult is the outcome of Accept.
type AcceptResult uint8

const (
	Accepted AcceptResult = iota // a connection was accepted
	Empty                        // no client is waiting
	Rejected                     // a client got a 503; err is the reason
	Failed                       // accept failed for another reason, which is err
)

// ErrAddress is the reason for rejecting a client whose address has too many connections.
var ErrAddress = errors.New("its address has as many connections as it may have")

// mostRetries is how many times Accept tries again immediately. Each error after which it does so
// removes a connection from the backlog. So if there are more of them in a row, clients aren't the
// cause.
const mostRetries = 64

// Accept accepts one connection from the backlog. It handles each errno of accept(2) in one of
// three ways:
//
// EMFILE, ENFILE: there is no free descriptor. The connection would stay in the backlog, and a
// level-triggered loop would be woken for it again and again. So Accept closes the spare
// descriptor, accepts the client, and sends it a 503.
//
// An error of the new connection, which Linux reports here, is no error of the listener. Accept
// takes the next connection.
//
// Any other error gives Failed: ENOBUFS or ENOMEM, EPERM of a security module, or another errno of
// a sandbox. The caller then stops watching the listener for a moment.
func (ln *Listener) Accept() (fd int, v AcceptResult, err error) {
	for range mostRetries {
		fd, err = ln.accept()
		switch err {
		case nil:
			if !ln.io.admit(fd) {
				ln.send503(fd)
				ln.io.Stat.Add(stat.AddressRefused, 1)
				return -1, Rejected, ErrAddress
			}
			ln.io.Stat.Add(stat.Accepted, 1)
			return fd, Accepted, nil
		case sys.EAGAIN:
			return -1, Empty, nil
		case sys.EMFILE, sys.ENFILE:
			return -1, ln.reject(), err
		}
		if !retriesAccept(err) {
			break
		}
	}
	return -1, Failed, os.NewSyscallError("accept4", err)
}

// retriesAccept reports whether accept(2) should be called again immediately after an error: a
// signal interrupted the call, or the connection failed before it was accepted. The manual page
// lists these errors. ETIMEDOUT and ERESTARTSYS (of a traced process) are in its last paragraph
// about errors.
func retriesAccept(err error) bool {
	const restart = sys.ERESTARTSYS
	switch err {
	case sys.EINTR, restart, sys.ECONNABORTED, sys.EPROTO, sys.ETIMEDOUT,
		sys.ENETDOWN, sys.ENETUNREACH, sys.EHOSTDOWN, sys.EHOSTUNREACH,
		sys.ENONET, sys.ENOPROTOOPT, sys.EOPNOTSUPP:
		return true
	}
	return false
}

// maxQuota is the most connections that a loop accepts from one listener in an iteration.
const maxQuota = 64

// Next is Accept for a level-triggered loop, which calls Next until the result is Empty. Empty can
// also mean that the listener's share of the iteration is used up. Then the next wait reports the
// listener again. The share is one client at first, and doubles in each iteration while there are
// enough clients. It is one client because after one client the backlog is mostly empty, and to
// find that out costs an accept4(2) too.
func (ln *Listener) Next() (fd int, v AcceptResult, err error) {
	if ln.left == 0 {
		ln.quota = min(2*ln.quota, maxQuota)
		ln.left = ln.quota
		return -1, Empty, nil
	}
	ln.left--
	if fd, v, err = ln.Accept(); v == Empty {
		ln.quota, ln.left = 1, 1
	}
	return fd, v, err
}

func (ln *Listener) accept() (int, error) {
	ln.io.Stat.Add(stat.SysAccept, 1)
	return sys.RawAccept4(ln.FD)
}

// reject sends a 503 to the first client of the backlog, with the spare descriptor. If even that is
// gone, because another process took it while the whole system had none left, the client stays in
// the backlog, and reject tries to get a spare descriptor again.
func (ln *Listener) reject() AcceptResult {
	ln.closeRejected()
	if ln.spare >= 0 {
		sys.Close(ln.spare)
		ln.spare = -1
	}
	v := Failed
	switch fd, err := ln.accept(); err {
	case nil:
		// fd has the number of the spare descriptor. The next call of reject closes it first, so
		// then there is a free descriptor for the next client too.
		ln.send503(fd)
		return Rejected
	case sys.EAGAIN: // no client: the kernel looks for a free descriptor before it looks for a client
		v = Empty
	}
	ln.spare, _ = spareFD()
	return v
}

// send503 sends a 503 to a client. It doesn't close the descriptor immediately, because an unread
// request would then cause a reset, and the client might never see the response. The descriptor is
// closed when the next client is rejected.
func (ln *Listener) send503(fd int) {
	ln.closeRejected()
	ln.io.Stat.Add(stat.Refused, 1)
	Send503(fd)
	ln.rejectedFD = fd
}

// closeRejected closes the client that was rejected last.
func (ln *Listener) closeRejected() {
	if ln.rejectedFD >= 0 {
		CloseRejected(ln.rejectedFD)
		ln.rejectedFD = -1
	}
}

// Close stops listening. Clients in the backlog are reset.
func (ln *Listener) Close() {
	if ln.FD >= 0 {
		sys.Close(ln.FD)
	}
	if ln.spare >= 0 {
		sys.Close(ln.spare)
	}
	ln.closeRejected()
	ln.FD, ln.spare = -1, -1
}
