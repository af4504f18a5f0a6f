package conn

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"threeloops/common/stat"
	"threeloops/common/sys"
)

// Listener is a listening socket. It holds a spare descriptor back for the day
// when there are none left.
type Listener struct {
	FD   int
	Addr netip.AddrPort // as bound: port 0 is the real one

	spare      int
	rejectedFD int // of the client that got a 503 last, negative if there is none; see send503
	io         *IO

	quota, left int // of Next: clients in an iteration, and how many are left of them
}

// Config is how to listen.
type Config struct {
	Addr        string // host:port; an empty host is any
	Ports       int    // how many, from Addr's port on
	Backlog     int    // connections that the kernel completes ahead of accept
	NoDelay     bool   // TCP_NODELAY for the connections
	DeferAccept int    // seconds; TCP_DEFER_ACCEPT if positive

	ReusePort    bool        // other listeners may bind the same ports (SO_REUSEPORT)
	SharePortsOf []*Listener // in place of Addr and Ports: bind the ports of these, which have ReusePort
}

// Listen opens the listeners that cfg asks for.
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
	if errors.Is(err, sys.EAFNOSUPPORT) { // a machine without IPv6: any address is one of IPv4
		all, err = listenAll(cfg.from(netip.IPv4Unspecified(), port), cfg, io)
	}
	return all, err
}

// from lists where to listen at an address, from port on.
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
		if err := io.probe(family, sa); err != nil {
			return nil, err
		}
	}
	fd, err := io.calls.socket(family, sys.SOCK_STREAM|sys.SOCK_NONBLOCK|sys.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	ln := &Listener{io: io, FD: fd, spare: -1, rejectedFD: -1, quota: 1, left: 1}
	if err := ln.start(sa, at.Addr().IsUnspecified(), cfg); err != nil {
		ln.Close()
		return nil, err
	}
	ln.Addr = netip.AddrPortFrom(at.Addr(), ln.Addr.Port()) // with its zone
	return ln, nil
}

// start binds and listens. SO_REUSEADDR lets a server start again while
// connections of the one before it are in TIME_WAIT. TCP_NODELAY is inherited by
// the connections that are accepted, as tcp(7)'s options are on Linux.
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

// probe finds out whether sa is another program's. SO_REUSEPORT would let us
// share it with any of the same user's that has set that too, such as an older
// copy of this one, and each would get some of the clients.
func (io *IO) probe(family int, sa sys.Sockaddr) error {
	fd, err := io.calls.socket(family, sys.SOCK_STREAM|sys.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer sys.Close(fd)
	if err := sys.SetsockoptInt(fd, sys.SOL_SOCKET, sys.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", sys.Bind(fd, sa))
}

// spareFD returns a descriptor that is good for nothing. It is no /dev/null: a chroot may
// have no /dev.
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
	Accepted AcceptResult = iota // a connection
	Empty                        // none is waiting
	Rejected                     // a client was answered with a 503; err tells why
	Failed                       // accepting failed for another reason; err tells
)

// ErrAddress is why a client is rejected whose address has too many connections.
var ErrAddress = errors.New("its address has as many connections as it may have")

// mostRetries bounds how often Accept tries again immediately. Each error that it does so after
// takes a connection out of the backlog, so more of them in a row than that are no client's doing.
const mostRetries = 64

// Accept takes one connection from the backlog. It decides each errno of accept(2):
//
// Without a free descriptor (EMFILE, ENFILE) the connection would stay in the
// backlog, and a level-triggered loop would be woken for it again and again, in
// vain. So Accept closes the spare descriptor, accepts the client, and answers it with a 503.
//
// An error of the new connection, which Linux reports here, is no error of the
// listener: the next connection is taken.
//
// Anything else (ENOBUFS, ENOMEM; EPERM of a security module; what a sandbox
// invents) is Failed: the caller stops watching the listener for a moment.
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

// retriesAccept reports whether accept(2) is to be called again immediately after an error: a
// signal came, or the connection failed before it was accepted. The manual page lists these errors,
// ETIMEDOUT and ERESTARTSYS (of a traced process) among those that it mentions last.
func retriesAccept(err error) bool {
	const restart = sys.ERESTARTSYS // ERESTARTSYS
	switch err {
	case sys.EINTR, restart, sys.ECONNABORTED, sys.EPROTO, sys.ETIMEDOUT,
		sys.ENETDOWN, sys.ENETUNREACH, sys.EHOSTDOWN, sys.EHOSTUNREACH,
		sys.ENONET, sys.ENOPROTOOPT, sys.EOPNOTSUPP:
		return true
	}
	return false
}

// maxQuota is how many connections one listener may bring in an iteration.
const maxQuota = 64

// Next is Accept for a level-triggered loop, which calls it until it is told Empty.
// Empty may mean that the listener has had its share of the iteration: then the loop will be
// woken again. The share is one client, and doubles in each iteration as long as there are
// enough clients. It starts at one because finding an empty backlog costs an accept4(2) too,
// and after one client the backlog is mostly empty.
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
	return ln.io.calls.accept4(ln.FD)
}

// reject answers the first client of the backlog with a 503. If even the spare descriptor is
// gone, because another process took it when the whole system was short of them, reject
// tries to get it back, and the client stays in the backlog.
func (ln *Listener) reject() AcceptResult {
	ln.closeRejected()
	if ln.spare >= 0 {
		sys.Close(ln.spare)
		ln.spare = -1
	}
	v := Failed
	switch fd, err := ln.accept(); err {
	case nil:
		ln.send503(fd) // with the spare's number, which closeRejected makes free
		return Rejected
	case sys.EAGAIN: // the kernel looks for a descriptor before it looks for a client
		v = Empty
	}
	ln.spare, _ = spareFD()
	return v
}

// send503 answers a client with a 503. Its descriptor is closed when the next
// client is rejected: closed immediately, with its request unread, the connection
// would be reset, and the client might never see the answer.
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
