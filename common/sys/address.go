package sys

import "net/netip"

// AddrPort is the address and port of an IPv4 or IPv6 socket, or zero for another family.
func AddrPort(at Sockaddr) netip.AddrPort {
	switch at := at.(type) {
	case *SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port))
	case *SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(at.Addr), uint16(at.Port))
	}
	return netip.AddrPort{}
}
