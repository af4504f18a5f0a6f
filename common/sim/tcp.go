package sim

import (
	"net/netip"
	"slices"
)

// tcp is a TCP socket. The other end of its connection is another tcp of the same kernel, so a
// segment is a call of one of peer's methods, and arrives before the sender's system call returns.
type tcp struct {
	k      *Kernel
	id     uint64
	family int
	q      waitQueue
	state  tcpState
	phase  connectPhase
	orphan bool // no descriptor refers to it: the kernel alone finishes the connection

	local, remote netip.AddrPort // unmapped; zero port: not bound, or not connected
	hasPort       bool           // the socket holds its local port
	lockedPort    bool           // bind(2) has asked for that port, and not for any
	lockedAddr    bool           // bind(2) has asked for an address
	peer          *tcp           // nil: not connected, or the other end has forgotten the connection
	options

	err        Errno // reported by the next call, and then cleared (SO_ERROR)
	received   []byte
	finCame    bool // the peer's FIN has arrived: after received comes the end of the stream
	noReceive  bool // nothing more can come (RCV_SHUTDOWN)
	noSend     bool // the process has shut down its direction (SEND_SHUTDOWN), or the connection is over
	unsent     []byte
	finWaits   bool // a FIN follows unsent
	finSent    bool
	unacked    int  // bytes that the peer's kernel has, and has not acknowledged
	smallSent  bool // a segment that wasn't full is among them
	more       bool // the last send had MSG_MORE
	noSpace    bool // a send has found the send buffer full, or has filled it (SOCK_NOSPACE)
	corkTimer  timer
	synTimer   timer
	synRetries int
	acks       acks
	listensFor *tcp // the listener that has it; nil: it was accepted, or is a client

	*listening // of a listener
}

type tcpState uint8

// The states of RFC 9293, as far as a process can tell them apart. TIME-WAIT is closed for the
// process; the port remembers it.
const (
	closed tcpState = iota
	listen
	synSent
	established
	finWait1
	finWait2
	closeWait
	closing
	lastAck
)

func (s tcpState) String() string {
	return [...]string{"CLOSED", "LISTEN", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
		"CLOSE-WAIT", "CLOSING", "LAST-ACK"}[s]
}

// connectPhase is what connect(2) remembers between two calls.
type connectPhase uint8

const (
	unconnected connectPhase = iota
	connecting
	connected
	disconnecting // shut down after connect had failed: the socket can't be used any more
)

// options are the options of a socket. An accepted connection gets those of its listener.
type options struct {
	reuseAddr, reusePort bool
	v6only               bool
	noDelay, cork        bool
	lingerZero           bool
	sendBuffer           int // bytes
	receiveBuffer        int // bytes
	deferAccept          int // seconds
}

// maxSegment is how many bytes a full segment of the loopback interface carries.
const maxSegment = 65483

// Socket is socket(2) for TCP.
func (t *Thread) Socket(family, typ, protocol int) (int, error) {
	n, errno := t.call("socket", noDescriptor, func() string {
		return argList(flagArg(uint64(family), []name{{AF_INET6, "AF_INET6"}, {AF_INET, "AF_INET"}}),
			flagArg(uint64(typ), []name{{SOCK_NONBLOCK, "SOCK_NONBLOCK"}, {SOCK_CLOEXEC, "SOCK_CLOEXEC"}, {SOCK_STREAM, "SOCK_STREAM"}}),
			protocol)
	}, func() (int, Errno) {
		if family != AF_INET && family != AF_INET6 || typ&^(SOCK_NONBLOCK|SOCK_CLOEXEC) != SOCK_STREAM ||
			protocol != 0 && protocol != IPPROTO_TCP {
			panic("sim: socket of another kind than TCP isn't modelled")
		}
		s := t.k.newTCP(family)
		return t.open(s, O_RDWR|typ&SOCK_NONBLOCK, typ&SOCK_CLOEXEC != 0)
	})
	return n, errno.err()
}

func (k *Kernel) newTCP(family int) *tcp {
	id := k.nextID()
	return &tcp{
		k: k, id: id, family: family,
		corkTimer: timer{index: -1, about: "the bytes are sent that MSG_MORE or TCP_CORK has held back for 200 ms", of: id},
		synTimer:  timer{index: -1, about: "a connect sends its SYN again, because the accept queue was full", of: id},
		acks:      newAcks(id),
		options:   options{sendBuffer: k.cfg.SendBuffer, receiveBuffer: k.cfg.ReceiveBuffer},
	}
}

func (s *tcp) kind() string      { return "tcp" }
func (s *tcp) queue() *waitQueue { return &s.q }

// events follows tcp_poll of Linux.
func (s *tcp) events() (flags uint32) {
	if s.state == listen {
		if len(s.backlog) > 0 {
			return POLLIN
		}
		return 0
	}
	if s.state == closed || s.noReceive && s.noSend {
		flags |= POLLHUP
	}
	if s.noReceive {
		flags |= POLLIN | POLLRDHUP
	}
	if s.state != synSent {
		if len(s.received) > 0 {
			flags |= POLLIN
		}
		if s.noSend || s.writable() {
			flags |= POLLOUT
		}
	}
	if s.err != 0 {
		flags |= POLLERR
	}
	return flags
}

// buffered is how many bytes the send buffer holds: those that are unsent, and those that the peer
// has not acknowledged.
func (s *tcp) buffered() int { return len(s.unsent) + s.unacked }

// writable reports whether at least a third of the send buffer is free. Linux wakes nobody before.
func (s *tcp) writable() bool { return s.sendBuffer-s.buffered() >= s.buffered()/2 }

// changed tells all that wait that anything may have changed.
func (s *tcp) changed() { s.q.wake(0) }

// takeError returns the pending error, and clears it.
func (s *tcp) takeError() Errno {
	e := s.err
	s.err = 0
	return e
}

// shutdown is shutdown(2).
func (s *tcp) shutdown(how int) Errno {
	if s.phase == connecting {
		if s.phase = connected; s.state == synSent || s.state == closed {
			s.phase = disconnecting
		}
	}
	errno := Errno(0)
	switch {
	case s.state == listen && how == SHUT_WR:
	case s.state == listen:
		s.stopListening()
		s.k.ports.release(s)
		s.disconnect()
	case s.state == synSent:
		s.over()
		s.disconnect()
		s.err = ECONNRESET
	default:
		s.noReceive = s.noReceive || how != SHUT_WR
		s.noSend = s.noSend || how != SHUT_RD
		if s.state == closed {
			errno = ENOTCONN
		}
		if how != SHUT_RD && (s.state == established || s.state == closeWait) {
			s.sendFin()
		}
	}
	s.changed()
	return errno
}

// sendFin makes a FIN follow all that is unsent.
func (s *tcp) sendFin() {
	if s.state == established {
		s.state = finWait1
	} else {
		s.state = lastAck
	}
	s.finWaits = true
	s.push()
}

// released is close(2) of the last descriptor. If bytes are unread, or SO_LINGER has a timeout of
// zero, the connection is reset, and otherwise a FIN follows all that is unsent.
func (s *tcp) released() {
	s.orphan = true
	switch {
	case s.state == listen:
		s.stopListening()
	case s.state == closed:
	case s.state == synSent:
		s.over()
	case len(s.received) > 0, s.lingerZero:
		s.reset()
	default:
		s.noReceive, s.noSend = true, true
		if s.state == established || s.state == closeWait {
			s.sendFin()
		}
	}
	if s.state == closed || s.state == listen {
		s.k.ports.release(s)
	}
}

// reset ends the connection by a RST to the peer.
func (s *tcp) reset() {
	peer := s.peer
	s.over()
	if peer != nil {
		peer.rstArrived()
	}
}

// over ends the connection on this side, without a word to the peer.
func (s *tcp) over() {
	s.k.stopTimer(&s.corkTimer)
	s.k.stopTimer(&s.synTimer)
	s.k.stopTimer(&s.acks.timer)
	if s.peer != nil && s.peer.peer == s {
		s.peer.peer = nil
	}
	s.peer = nil
	s.state, s.noReceive, s.noSend = closed, true, true
	s.unsent, s.unacked, s.finWaits = nil, 0, false
	if s.orphan || !s.lockedPort {
		s.k.ports.release(s)
	}
}

// SetLinger is setsockopt(2) with SO_LINGER. Only a timeout of zero is modelled.
func (t *Thread) SetLinger(fd, onoff, seconds int) error {
	_, errno := t.call("setsockopt", fd, func() string {
		return argList(fd, raw("SOL_SOCKET"), raw("SO_LINGER"), onoff, seconds)
	}, func() (int, Errno) {
		if t.unixSocket(fd) {
			return 0, 0 // Linux takes the option, and it has no effect
		}
		s, errno := t.tcp(fd)
		if errno != 0 {
			return -1, errno
		}
		if onoff != 0 && seconds != 0 {
			panic("sim: SO_LINGER with a timeout isn't modelled")
		}
		s.lingerZero = onoff != 0
		return 0, 0
	})
	return errno.err()
}

// Outq is ioctl(2) with SIOCOUTQ, tcp(7).
func (t *Thread) Outq(fd int) (int, error) {
	out := 0
	_, errno := t.call("ioctl", fd, func() string { return argList(fd, raw("SIOCOUTQ"), raw("["+argList(out)+"]")) },
		func() (int, Errno) {
			s, errno := t.tcp(fd)
			if errno != 0 {
				return -1, errno
			}
			if s.state == listen {
				return -1, EINVAL
			}
			out = s.buffered()
			if s.state == synSent {
				out = 0
			}
			return 0, 0
		})
	return out, errno.err()
}

// tcp returns the TCP socket behind a descriptor. A Unix socket gives EINVAL: that is what Linux
// answers where a call needs a socket that can have an address of the internet.
func (t *Thread) tcp(fd int) (*tcp, Errno) {
	d, errno := t.opened(fd)
	if errno != 0 {
		return nil, errno
	}
	switch s := d.file.(type) {
	case *tcp:
		return s, 0
	case *unixSocket:
		return nil, EINVAL
	}
	return nil, ENOTSOCK
}

// setsockopt is setsockopt(2) of an option whose value is an int.
func (s *tcp) setsockopt(level, option, value int) Errno {
	type key struct{ level, option int }
	on := value != 0
	switch (key{level, option}) {
	case key{SOL_SOCKET, SO_REUSEADDR}:
		s.reuseAddr = on
	case key{SOL_SOCKET, SO_REUSEPORT}:
		s.reusePort = on
	case key{SOL_SOCKET, SO_SNDBUF}:
		s.sendBuffer = bufferSize(value, minSendBuffer)
	case key{SOL_SOCKET, SO_RCVBUF}:
		s.receiveBuffer = bufferSize(value, minReceiveBuffer) / 2 // the other half is for the kernel
	case key{IPPROTO_IPV6, IPV6_V6ONLY}:
		switch {
		case s.family != AF_INET6:
			return ENOPROTOOPT
		case s.local.Port() != 0:
			return EINVAL
		}
		s.v6only = on
	case key{IPPROTO_TCP, TCP_NODELAY}:
		s.noDelay = on
		s.push()
	case key{IPPROTO_TCP, TCP_CORK}:
		s.cork = on
		s.push()
	case key{IPPROTO_TCP, TCP_DEFER_ACCEPT}:
		s.deferAccept = max(value, 0)
	default:
		panic("sim: setsockopt of level " + argList(level) + ", option " + argList(option) + " isn't modelled for TCP")
	}
	return 0
}

// getsockopt is getsockopt(2) of an option whose value is an int.
func (s *tcp) getsockopt(level, option int) (int, Errno) {
	if level == SOL_SOCKET && option == SO_ERROR {
		return int(s.takeError()), 0
	}
	panic("sim: getsockopt of level " + argList(level) + ", option " + argList(option) + " isn't modelled for TCP")
}

func removed(all []*tcp, s *tcp) []*tcp {
	return slices.DeleteFunc(all, func(o *tcp) bool { return o == s })
}
