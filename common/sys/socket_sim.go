//go:build sim || js

package sys

import "threeloops/common/sim"

// The families, types, levels and options of sockets that the servers use.
const (
	AF_INET  = sim.AF_INET
	AF_INET6 = sim.AF_INET6
	AF_UNIX  = sim.AF_UNIX

	SOCK_STREAM    = sim.SOCK_STREAM
	SOCK_SEQPACKET = sim.SOCK_SEQPACKET
	SOCK_NONBLOCK  = sim.SOCK_NONBLOCK
	SOCK_CLOEXEC   = sim.SOCK_CLOEXEC

	SOL_SOCKET       = sim.SOL_SOCKET
	SO_REUSEADDR     = sim.SO_REUSEADDR
	SO_REUSEPORT     = sim.SO_REUSEPORT
	SO_SNDBUF        = sim.SO_SNDBUF
	IPPROTO_TCP      = sim.IPPROTO_TCP
	TCP_NODELAY      = sim.TCP_NODELAY
	TCP_DEFER_ACCEPT = sim.TCP_DEFER_ACCEPT
	IPPROTO_IPV6     = sim.IPPROTO_IPV6
	IPV6_V6ONLY      = sim.IPV6_V6ONLY

	SHUT_WR = sim.SHUT_WR
)

// Sockaddr is the address of a socket.
type Sockaddr = sim.Sockaddr

// SockaddrInet4 and SockaddrInet6 are the addresses of IPv4 and IPv6 sockets.
type (
	SockaddrInet4 = sim.SockaddrInet4
	SockaddrInet6 = sim.SockaddrInet6
)

// Socket is socket(2).
func Socket(family, typ, protocol int) (fd int, err error) {
	return self().Socket(family, typ, protocol)
}

// Bind is bind(2).
func Bind(fd int, at Sockaddr) error { return self().Bind(fd, at) }

// Listen is listen(2).
func Listen(fd, backlog int) error { return self().Listen(fd, backlog) }

// Getsockname is getsockname(2).
func Getsockname(fd int) (Sockaddr, error) { return self().Getsockname(fd) }

// Getpeername is getpeername(2).
func Getpeername(fd int) (Sockaddr, error) { return self().Getpeername(fd) }

// SetsockoptInt is setsockopt(2) for an option whose value is an int.
func SetsockoptInt(fd, level, option, value int) error {
	return self().SetsockoptInt(fd, level, option, value)
}

// SetLingerZero is setsockopt(2) with SO_LINGER and a timeout of zero (socket(7)). After it,
// close(2) resets the connection.
func SetLingerZero(fd int) error { return self().SetLinger(fd, 1, 0) }

// Outq is how many bytes a TCP socket holds that the peer's kernel has not acknowledged, both sent
// and unsent: ioctl(2) with SIOCOUTQ (tcp(7)).
func Outq(fd int) (int, error) { return self().Outq(fd) }

// Shutdown is shutdown(2).
func Shutdown(fd, how int) error { return self().Shutdown(fd, how) }

// Sendfile is sendfile(2). It may sleep while the file is read from its disk.
func Sendfile(to, from int, off *int64, n int) (int, error) { return self().Sendfile(to, from, off, n) }

// Socketpair is socketpair(2).
func Socketpair(family, typ, protocol int) ([2]int, error) {
	return self().Socketpair(family, typ, protocol)
}

// Send is send(2) of a message that doesn't sleep, without SIGPIPE. (RawSend is for TCP.)
func Send(fd int, p []byte) error {
	_, err := self().Send(fd, p, sim.MSG_NOSIGNAL|sim.MSG_DONTWAIT)
	return err
}

// SendFD is sendmsg(2) of a message that carries the descriptor passed (SCM_RIGHTS, unix(7)). The
// caller still has to close passed.
func SendFD(fd int, p []byte, passed int) error {
	_, err := self().Sendmsg(fd, [][]byte{p}, []int{passed}, sim.MSG_NOSIGNAL|sim.MSG_DONTWAIT)
	return err
}

// Recv is recv(2) of a message. It returns the message's length, which is more than len(p) if the
// message didn't fit. A descriptor that came with the message is closed.
func Recv(fd int, p []byte) (int, error) { return self().Recv(fd, p, sim.MSG_DONTWAIT|sim.MSG_TRUNC) }

// RecvFD is recvmsg(2) of a message that may carry a descriptor. passed is negative if it doesn't;
// otherwise the caller has to close it. cut reports that the message was longer than p.
func RecvFD(fd int, p []byte) (n, passed int, cut bool, err error) {
	n, rights, flags, err := self().Recvmsg(fd, p, 1, sim.MSG_CMSG_CLOEXEC|sim.MSG_DONTWAIT)
	if err != nil {
		return 0, -1, false, err
	}
	passed = -1
	if len(rights) > 0 {
		passed = rights[0]
	}
	return n, passed, flags&sim.MSG_TRUNC != 0, nil
}

// Vector has no use here: nothing is kept between two calls.
type Vector struct{}

// RawRead is read(2) on a non-blocking descriptor.
func RawRead(fd int, p []byte) (int, error) {
	n, err := self().Read(fd, p)
	return max(n, 0), err
}

// RawSend is sendto(2) or sendmsg(2) of several buffers on a non-blocking socket, without SIGPIPE.
func RawSend(fd int, bufs [][]byte, more bool, _ *Vector) (n int, err error) {
	flags := sim.MSG_NOSIGNAL
	if more {
		flags |= sim.MSG_MORE
	}
	if len(bufs) == 1 {
		n, err = self().Send(fd, bufs[0], flags)
	} else {
		n, err = self().Sendmsg(fd, bufs, nil, flags)
	}
	return max(n, 0), err
}

// RawAccept4 is accept4(2) on a non-blocking listener.
func RawAccept4(fd int) (int, error) {
	n, err := self().Accept4(fd, sim.SOCK_NONBLOCK|sim.SOCK_CLOEXEC)
	return max(n, 0), err
}
