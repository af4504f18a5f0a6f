package strace

import (
	"net/netip"
	"strconv"
	"strings"
)

// Descriptor is a file descriptor with what strace -yy says about it.
type Descriptor struct {
	Num    int
	Kind   string // “TCP”, “TCPv6”, “UNIX-STREAM”, “pipe”, “anon_inode”, “socket”, “pid”, …; “file” for a path
	Path   string // path of a file, or a word in place of one, like “[eventpoll]”
	Inode  uint64 // of a pipe, or of a socket whose addresses the kernel doesn't tell; 0 if unknown
	Local  netip.AddrPort
	Remote netip.AddrPort // not valid for a listener
}

// describe makes a descriptor of its number and of the text between < and >.
func describe(num int, about string) *Descriptor {
	d := &Descriptor{Num: num}
	kind, rest, typed := strings.Cut(about, ":")
	inner, bracketed := strings.CutPrefix(rest, "[")
	switch {
	case strings.HasPrefix(about, "/"):
		d.Kind, d.Path = "file", about
	case !typed:
		d.Path = about
	case kind == "anon_inode":
		d.Kind, d.Path = kind, rest
	case kind == "pid":
		d.Kind, d.Path = kind, rest
	case bracketed:
		d.Kind = kind
		d.addresses(strings.TrimSuffix(inner, "]"))
	default:
		d.Kind, d.Path = kind, rest
	}
	return d
}

// addresses reads what stands in the brackets of a socket or pipe: its inode or its addresses.
func (d *Descriptor) addresses(s string) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		d.Inode = n
		return
	}
	local, remote, _ := strings.Cut(s, "->")
	d.Local, d.Remote = address(local), address(remote)
	if !d.Local.IsValid() {
		d.Path = s
		first, _, _ := strings.Cut(local, ",")
		d.Inode, _ = strconv.ParseUint(first, 10, 64)
	}
}

// address reads HOST:PORT. An IPv4 address that is written as IPv6 becomes IPv4 again, so both ends of
// a connection have the same address. The result isn't valid if s is no address.
func address(s string) netip.AddrPort {
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
