//go:build linux && !sim

package sys

import "golang.org/x/sys/unix"

// The families, types, levels and options of sockets that the servers use.
const (
	AF_INET  = unix.AF_INET
	AF_INET6 = unix.AF_INET6
	AF_UNIX  = unix.AF_UNIX

	SOCK_STREAM    = unix.SOCK_STREAM
	SOCK_SEQPACKET = unix.SOCK_SEQPACKET
	SOCK_NONBLOCK  = unix.SOCK_NONBLOCK
	SOCK_CLOEXEC   = unix.SOCK_CLOEXEC

	SOL_SOCKET       = unix.SOL_SOCKET
	SO_REUSEADDR     = unix.SO_REUSEADDR
	SO_REUSEPORT     = unix.SO_REUSEPORT
	SO_SNDBUF        = unix.SO_SNDBUF
	IPPROTO_TCP      = unix.IPPROTO_TCP
	TCP_NODELAY      = unix.TCP_NODELAY
	TCP_DEFER_ACCEPT = unix.TCP_DEFER_ACCEPT
	IPPROTO_IPV6     = unix.IPPROTO_IPV6
	IPV6_V6ONLY      = unix.IPV6_V6ONLY

	SHUT_WR = unix.SHUT_WR
)

// Sockaddr is the address of a socket.
type Sockaddr = unix.Sockaddr

// SockaddrInet4 and SockaddrInet6 are the addresses of IPv4 and IPv6 sockets.
type (
	SockaddrInet4 = unix.SockaddrInet4
	SockaddrInet6 = unix.SockaddrInet6
)

// Socket is socket(2).
func Socket(family, typ, protocol int) (fd int, err error) { return unix.Socket(family, typ, protocol) }

// Bind is bind(2).
func Bind(fd int, at Sockaddr) error { return unix.Bind(fd, at) }

// Listen is listen(2).
func Listen(fd, backlog int) error { return unix.Listen(fd, backlog) }

// Getsockname is getsockname(2).
func Getsockname(fd int) (Sockaddr, error) { return unix.Getsockname(fd) }

// Getpeername is getpeername(2).
func Getpeername(fd int) (Sockaddr, error) { return unix.Getpeername(fd) }

// SetsockoptInt is setsockopt(2) for an option whose value is an int.
func SetsockoptInt(fd, level, option, value int) error {
	return unix.SetsockoptInt(fd, level, option, value)
}

// SetLingerZero is setsockopt(2) with SO_LINGER and a timeout of zero (socket(7)). After it,
// close(2) resets the connection.
func SetLingerZero(fd int) error {
	return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
}

// Outq is how many bytes a TCP socket holds that the peer's kernel has not acknowledged, both sent
// and unsent: ioctl(2) with SIOCOUTQ (tcp(7)).
func Outq(fd int) (int, error) { return unix.IoctlGetInt(fd, unix.SIOCOUTQ) }

// Shutdown is shutdown(2).
func Shutdown(fd, how int) error { return unix.Shutdown(fd, how) }

// Sendfile is sendfile(2). It may sleep while the file is read from its disk.
func Sendfile(to, from int, off *int64, n int) (int, error) { return unix.Sendfile(to, from, off, n) }

// Socketpair is socketpair(2).
func Socketpair(family, typ, protocol int) ([2]int, error) {
	return unix.Socketpair(family, typ, protocol)
}

// Send is send(2) of a message that doesn't sleep, without SIGPIPE. (RawSend is for TCP.)
func Send(fd int, p []byte) error { return unix.Send(fd, p, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT) }

// SendFD is sendmsg(2) of a message that carries the descriptor passed (SCM_RIGHTS, unix(7)). The
// caller still has to close passed.
func SendFD(fd int, p []byte, passed int) error {
	return unix.Sendmsg(fd, p, unix.UnixRights(passed), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
}

// Recv is recv(2) of a message. It returns the message's length, which is more than len(p) if the
// message didn't fit. A descriptor that came with the message is closed.
func Recv(fd int, p []byte) (int, error) {
	n, _, err := unix.Recvfrom(fd, p, unix.MSG_DONTWAIT|unix.MSG_TRUNC)
	return n, err
}

// RecvFD is recvmsg(2) of a message that may carry a descriptor. passed is negative if it doesn't;
// otherwise the caller has to close it. cut reports that the message was longer than p.
func RecvFD(fd int, p []byte) (n, passed int, cut bool, err error) {
	rights := make([]byte, unix.CmsgSpace(4))
	n, nr, flags, _, err := unix.Recvmsg(fd, p, rights, unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if err != nil {
		return 0, -1, false, err
	}
	passed, err = descriptor(rights[:nr])
	return n, passed, flags&unix.MSG_TRUNC != 0, err
}

// descriptor parses the control message of recvmsg(2). It returns the descriptor that came with the
// message, or a negative number.
func descriptor(rights []byte) (int, error) {
	if len(rights) == 0 {
		return -1, nil
	}
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}
