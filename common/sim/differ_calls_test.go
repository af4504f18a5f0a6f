//go:build linux

package sim_test

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"threeloops/common/sim"
)

// calls has each call of the language of sequences, and returns its outcome: the name of an errno,
// or what the call has returned. A name without a descriptor stands for -1.
var calls = map[string]func(p *player, s *step) string{
	"socket": socketCall(sim.AF_INET), "socket6": socketCall(sim.AF_INET6), "pair": pairCall, "eventfd": eventfdCall, "epoll": epollCall, // each with NAME =
	"dup": dupCall, "dup3": dup3Call, "close": closeCall, "cloexec": cloexecCall,
	"bind": bindCall, "listen": listenCall, "connect": connectCall, "accept": acceptCall,
	"send": sendCall, "recv": recvCall, "write": writeCall, "read": readCall,
	"sendmsg": sendmsgCall, "recvmsg": recvmsgCall,
	"shutdown": shutdownCall, "linger0": lingerCall, "soerror": soerrorCall,
	"outq": outqCall, "peername": peernameCall,
	"reuseaddr": optionCall(sim.SOL_SOCKET, sim.SO_REUSEADDR), "reuseport": optionCall(sim.SOL_SOCKET, sim.SO_REUSEPORT),
	"nodelay": optionCall(sim.IPPROTO_TCP, sim.TCP_NODELAY), "cork": optionCall(sim.IPPROTO_TCP, sim.TCP_CORK),
	"v6only":      optionCall(sim.IPPROTO_IPV6, sim.IPV6_V6ONLY),
	"deferaccept": optionCall(sim.IPPROTO_TCP, sim.TCP_DEFER_ACCEPT), "limit": limitCall,
	"ctl": ctlCall, "wait": waitCall, "poll": pollCall, "add": addCall, "count": countCall,
	"thread": threadCall, "in": inCall, "unshare": unshareCall, "end": endCall,
}

// socketCall: NAME = socket, or socket6 for IPv6. All sockets are non-blocking and send without Nagle's delay: what a
// delayed acknowledgement decides depends on time.
func socketCall(family int) func(p *player, s *step) string {
	return func(p *player, s *step) string {
		fd, err := p.m.Socket(family, sim.SOCK_STREAM|sim.SOCK_NONBLOCK|sim.SOCK_CLOEXEC, 0)
		outcome := p.opened(s, fd, err)
		if err == nil {
			if err := p.m.SetsockoptInt(fd, sim.IPPROTO_TCP, sim.TCP_NODELAY, 1); err != nil {
				return "TCP_NODELAY: " + errnoName(err)
			}
		}
		return outcome
	}
}

// pairCall: NAME NAME = pair
func pairCall(p *player, s *step) string {
	fds, err := p.m.Socketpair(sim.AF_UNIX, sim.SOCK_SEQPACKET|sim.SOCK_NONBLOCK|sim.SOCK_CLOEXEC, 0)
	if err != nil {
		return errnoName(err)
	}
	p.keep(s, 0, fds[0])
	p.keep(s, 1, fds[1])
	return fmt.Sprintf("#%d #%d", fds[0], fds[1])
}

// eventfdCall: NAME = eventfd COUNT
func eventfdCall(p *player, s *step) string {
	fd, err := p.m.Eventfd(uint(number(s.args[0])), sim.EFD_NONBLOCK|sim.EFD_CLOEXEC)
	return p.opened(s, fd, err)
}

// epollCall: NAME = epoll
func epollCall(p *player, s *step) string {
	fd, err := p.m.EpollCreate1(sim.EPOLL_CLOEXEC)
	return p.opened(s, fd, err)
}

// dupCall: NAME = dup OLD
func dupCall(p *player, s *step) string {
	fd, err := p.m.Dup(p.fd(s.args[0]))
	return p.opened(s, fd, err)
}

// dup3Call: dup3 OLD NEW [CLOEXEC]
func dup3Call(p *player, s *step) string {
	flags := 0
	if len(s.args) > 2 {
		flags = sim.O_CLOEXEC
	}
	to := p.fd(s.args[1])
	err := p.m.Dup3(p.fd(s.args[0]), to, flags)
	if err == nil {
		p.tidy = append(p.tidy, to)
	}
	return done(err)
}

func closeCall(p *player, s *step) string { return done(p.m.Close(p.fd(s.args[0]))) }

// cloexecCall: cloexec NAME -> yes or no
func cloexecCall(p *player, s *step) string {
	yes, err := p.m.ClosesOnExec(p.fd(s.args[0]))
	return yesOr(yes, err)
}

func yesOr(yes bool, err error) string {
	switch {
	case err != nil:
		return errnoName(err)
	case yes:
		return "yes"
	}
	return "no"
}

// bindCall: bind NAME [ADDRESS]: to a free port of 127.0.0.1, or to ADDRESS:
//
//	any, loopback6, any6      a free port of 0.0.0.0, ::1 or ::
//	OTHER                     the address of another socket
//	any:OTHER, any6:OTHER     the port of another socket, of 0.0.0.0 or ::
func bindCall(p *player, s *step) string {
	fd := p.fd(s.args[0])
	var a sim.Sockaddr = &sim.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if len(s.args) > 1 {
		if a = p.address(s.args[1]); a == nil {
			return "no address"
		}
	}
	if err := p.m.Bind(fd, a); err != nil {
		return errnoName(err)
	}
	a, err := p.m.Getsockname(fd)
	p.addrs[s.args[0]] = a
	return done(err)
}

// address is what the argument of bind or connect stands for, or nil.
func (p *player) address(arg string) sim.Sockaddr {
	host, other, both := strings.Cut(arg, ":")
	if !both && p.addrs[arg] != nil {
		return p.addrs[arg]
	}
	port := 0
	switch a := p.addrs[other].(type) {
	case *sim.SockaddrInet4:
		port = a.Port
	case *sim.SockaddrInet6:
		port = a.Port
	}
	switch host {
	case "loopback":
		return &sim.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	case "any":
		return &sim.SockaddrInet4{Port: port}
	case "loopback6":
		return &sim.SockaddrInet6{Port: port, Addr: [16]byte{15: 1}}
	case "any6":
		return &sim.SockaddrInet6{Port: port}
	}
	return nil
}

func listenCall(p *player, s *step) string {
	return done(p.m.Listen(p.fd(s.args[0]), number(s.args[1])))
}

// connectCall: connect NAME LISTENER, or HOST:LISTENER as in bindCall, where HOST can be loopback, too
func connectCall(p *player, s *step) string {
	a := p.address(s.args[1])
	if a == nil {
		return "no address"
	}
	return done(p.m.Connect(p.fd(s.args[0]), a))
}

// acceptCall: NAME = accept LISTENER
func acceptCall(p *player, s *step) string {
	fd, err := p.m.Accept4(p.fd(s.args[0]), sim.SOCK_NONBLOCK|sim.SOCK_CLOEXEC)
	return p.opened(s, fd, err)
}

// sendCall: send NAME BYTES [MORE]. It is send(2), which is sendmsg(2) with one buffer.
func sendCall(p *player, s *step) string {
	flags := sim.MSG_NOSIGNAL
	if len(s.args) > 2 {
		flags |= sim.MSG_MORE
	}
	n, err := p.m.Sendmsg(p.fd(s.args[0]), [][]byte{p.bytes(s.args[1])}, nil, flags)
	return counted(n, err)
}

// recvCall: recv NAME ROOM
func recvCall(p *player, s *step) string {
	b := make([]byte, number(s.args[1]))
	n, _, _, err := p.m.Recvmsg(p.fd(s.args[0]), b, 0, 0)
	return received(b, n, err)
}

func writeCall(p *player, s *step) string {
	n, err := p.m.Write(p.fd(s.args[0]), p.bytes(s.args[1]))
	return counted(n, err)
}

func readCall(p *player, s *step) string {
	b := make([]byte, number(s.args[1]))
	n, err := p.m.Read(p.fd(s.args[0]), b)
	return received(b, n, err)
}

// sendmsgCall: sendmsg NAME BYTES DESCRIPTOR...
func sendmsgCall(p *player, s *step) string {
	var rights []int
	for _, name := range s.args[2:] {
		rights = append(rights, p.fd(name))
	}
	n, err := p.m.Sendmsg(p.fd(s.args[0]), [][]byte{p.bytes(s.args[1])}, rights, sim.MSG_NOSIGNAL)
	return counted(n, err)
}

// ctrunc is MSG_CTRUNC: not all descriptors of the message were received.
const ctrunc = 0x8

// recvmsgCall: NAME... = recvmsg NAME ROOM DESCRIPTORS
func recvmsgCall(p *player, s *step) string {
	b := make([]byte, number(s.args[1]))
	n, rights, out, err := p.m.Recvmsg(p.fd(s.args[0]), b, number(s.args[2]), sim.MSG_CMSG_CLOEXEC)
	outcome := received(b, n, err)
	for i, fd := range rights {
		p.keep(s, i, fd)
		outcome += " #" + strconv.Itoa(fd)
	}
	if out&sim.MSG_TRUNC != 0 {
		outcome += " TRUNC"
	}
	if out&ctrunc != 0 {
		outcome += " CTRUNC"
	}
	return outcome
}

// shutdownCall: shutdown NAME RD, WR or RDWR
func shutdownCall(p *player, s *step) string {
	how := map[string]int{"RD": sim.SHUT_RD, "WR": sim.SHUT_WR, "RDWR": sim.SHUT_RDWR}[s.args[1]]
	return done(p.m.Shutdown(p.fd(s.args[0]), how))
}

// lingerCall makes close reset the connection.
func lingerCall(p *player, s *step) string { return done(p.m.SetLinger(p.fd(s.args[0]), 1, 0)) }

// optionCall: OPTION NAME VALUE, where on is 1 and off is 0
func optionCall(level, option int) func(p *player, s *step) string {
	return func(p *player, s *step) string {
		value, named := map[string]int{"off": 0, "on": 1}[s.args[1]]
		if !named {
			value = number(s.args[1])
		}
		return done(p.m.SetsockoptInt(p.fd(s.args[0]), level, option, value))
	}
}

// limitCall: limit NUMBER. It is the first step of a case, and sets how many descriptors the process
// may have.
func limitCall(p *player, s *step) string {
	if l, real := p.m.(*linux); real {
		return done(l.limit(number(s.args[0])))
	}
	return "ok" // onSim has started the kernel with this limit
}

// soerrorCall is getsockopt(2) with SO_ERROR.
func soerrorCall(p *player, s *step) string {
	n, err := p.m.GetsockoptInt(p.fd(s.args[0]), sim.SOL_SOCKET, sim.SO_ERROR)
	if err != nil || n == 0 {
		return counted(n, err)
	}
	return "pending " + sim.Errno(n).Name()
}

// outqCall is ioctl(2) with SIOCOUTQ: how many bytes the peer's kernel hasn't acknowledged.
func outqCall(p *player, s *step) string { return counted(p.m.Outq(p.fd(s.args[0]))) }

// peernameCall: peername NAME OTHER -> yes, if the peer of NAME has the address of OTHER
func peernameCall(p *player, s *step) string {
	peer, err := p.m.Getpeername(p.fd(s.args[0]))
	if err != nil {
		return errnoName(err)
	}
	own, err := p.m.Getsockname(p.fd(s.args[1]))
	if err != nil {
		return errnoName(err)
	}
	a, ok := peer.(*sim.SockaddrInet4)
	b, ok2 := own.(*sim.SockaddrInet4)
	return yesOr(ok && ok2 && *a == *b, nil)
}

// ctlCall: ctl EPOLL ADD, MOD or DEL, NAME [FLAGS]. Without flags epoll_ctl gets no event.
func ctlCall(p *player, s *step) string {
	op := map[string]int{"ADD": sim.EPOLL_CTL_ADD, "MOD": sim.EPOLL_CTL_MOD, "DEL": sim.EPOLL_CTL_DEL}[s.args[1]]
	var e *sim.EpollEvent
	if len(s.args) > 3 {
		e = &sim.EpollEvent{Events: flags(s.args[3]), Fd: int32(p.index(s.args[2]))}
	}
	return done(p.m.EpollCtl(p.fd(s.args[0]), op, p.fd(s.args[2]), e))
}

// waitCall: wait EPOLL ROOM. It lists the names and flags in the order of the events.
func waitCall(p *player, s *step) string {
	events := make([]sim.EpollEvent, number(s.args[1]))
	n, err := p.m.EpollWait(p.fd(s.args[0]), events, 0)
	if err != nil {
		return errnoName(err)
	}
	var words []string
	for _, e := range events[:n] {
		words = append(words, p.names[e.Fd]+":"+showFlags(e.Events))
	}
	return listed(words)
}

func listed(words []string) string {
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, " ")
}

// pollCall: poll NAME:FLAGS...
func pollCall(p *player, s *step) string {
	fds := make([]sim.PollFd, len(s.args))
	for i, arg := range s.args {
		name, events, _ := strings.Cut(arg, ":")
		fds[i] = sim.PollFd{Fd: int32(p.fd(name)), Events: int16(flags(events))}
	}
	n, err := p.m.Poll(fds, 0)
	if err != nil {
		return errnoName(err)
	}
	var words []string
	for i, f := range fds {
		if f.Revents != 0 {
			name, _, _ := strings.Cut(s.args[i], ":")
			words = append(words, name+":"+showFlags(uint32(uint16(f.Revents))))
		}
	}
	if len(words) != n {
		words = append(words, fmt.Sprintf("but poll returned %d", n))
	}
	return listed(words)
}

// addCall: add EVENTFD NUMBER. It writes the number as eventfd(2) wants it.
func addCall(p *player, s *step) string {
	n, err := strconv.ParseUint(s.args[1], 0, 64)
	if err != nil {
		panic(err)
	}
	return counted(p.m.Write(p.fd(s.args[0]), binary.NativeEndian.AppendUint64(nil, n)))
}

// countCall: count EVENTFD -> the number that read(2) returns
func countCall(p *player, s *step) string {
	var b [8]byte
	if _, err := p.m.Read(p.fd(s.args[0]), b[:]); err != nil {
		return errnoName(err)
	}
	return strconv.FormatUint(binary.NativeEndian.Uint64(b[:]), 10)
}
