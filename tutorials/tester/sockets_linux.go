package tester

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// lookup asks the kernel (sock_diag(7)) for the TCP socket with these addresses. If remote is zero, it
// finds the listener. If the connection is gone, it finds the listener, too, so the caller must look at
// the state. The kernel finds one socket by its hash; /proc/net/tcp would list all sockets of the machine.
func lookup(local, remote netip.AddrPort) (s socket, ok bool) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return s, false
	}
	defer unix.Close(fd)
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(fd, question(local, remote), 0, kernel); err != nil {
		return s, false
	}
	b := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, b, 0)
	const body, length = unix.SizeofNlMsghdr, 72 // struct inet_diag_msg
	if err != nil || n < body+length || binary.NativeEndian.Uint16(b[4:]) != unix.SOCK_DIAG_BY_FAMILY {
		return s, false
	}
	b = b[body:]
	return socket{
		state:  int(b[1]),
		unread: int(binary.NativeEndian.Uint32(b[56:])),
		inode:  int(binary.NativeEndian.Uint32(b[68:])),
	}, true
}

// withoutReuseAddr unsets SO_REUSEADDR, which package net sets for each listener.
func withoutReuseAddr(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	})
	return errors.Join(err, failed)
}

// limitDescriptors changes a process's soft limit of descriptors, and returns the old limit.
func limitDescriptors(pid int, to uint64) (before uint64, err error) {
	var was unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &was); err != nil {
		return 0, err
	}
	return was.Cur, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: to, Max: was.Max}, nil)
}

// question returns a struct nlmsghdr followed by a struct inet_diag_req_v2.
func question(local, remote netip.AddrPort) []byte {
	const length = unix.SizeofNlMsghdr + 56
	family := byte(unix.AF_INET6)
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	order := binary.NativeEndian
	b := order.AppendUint32(make([]byte, 0, length), length)
	b = order.AppendUint16(b, unix.SOCK_DIAG_BY_FAMILY)
	b = order.AppendUint16(b, unix.NLM_F_REQUEST)
	b = append(b, make([]byte, 8)...) // sequence number and port: zero, because there is one question only
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = order.AppendUint32(b, ^uint32(0)) // in any state
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	b = append(b, sixteen(local.Addr())...)
	b = append(b, sixteen(remote.Addr())...)
	b = order.AppendUint32(b, 0)             // any interface
	return order.AppendUint64(b, ^uint64(0)) // any cookie
}

// sixteen returns an address in 16 bytes: all of IPv6, the first four of IPv4, none of the zero address.
func sixteen(a netip.Addr) []byte {
	b := make([]byte, 16)
	copy(b, a.AsSlice())
	return b
}
