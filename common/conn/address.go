package conn

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"threeloops/common/sys"
)

// The package net could do all this. But on a machine with a C compiler, a program that uses net is
// linked with the C library, which resolves names with DNS. Then each child of forkserv would take
// half as long again to start.

// The errors of SplitAddress.
var (
	errAddress = errors.New("is not host:port; write for example 127.0.0.1:8080 or [::1]:8080")
	errPort    = errors.New("has no valid port; it must be a number from 0 to 65535")
)

// SplitAddress splits host:port. An IPv6 address must be in brackets, which it removes.
func SplitAddress(addr string) (host string, port uint16, err error) {
	i := strings.LastIndexByte(addr, ':')
	if i < 0 {
		return "", 0, fmt.Errorf("%q %w", addr, errAddress)
	}
	host = addr[:i]
	inner, opened := strings.CutPrefix(host, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if opened != closed || !opened && strings.Contains(host, ":") || strings.ContainsAny(inner, "[]") {
		return "", 0, fmt.Errorf("%q %w", addr, errAddress)
	}
	n, err := strconv.ParseUint(addr[i+1:], 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("%q %w", addr, errPort)
	}
	return inner, uint16(n), nil
}

// hosts is the file of hosts(5).
const hosts = "/etc/hosts"

// Resolve returns the IP address of host. host may be an address, or a name in hosts(5), which has
// the machine's own names. An empty host means all addresses, so it has none.
func Resolve(host string) (netip.Addr, error) {
	if host == "" {
		return netip.Addr{}, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), nil
	}
	text, _ := sys.ReadFile(hosts) // without the file there are no names
	if ip, ok := lookUp(text, host); ok {
		return ip, nil
	}
	if strings.EqualFold(host, "localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	return netip.Addr{}, fmt.Errorf("host %q is neither an IP address nor a name in %s", host, hosts)
}

// lookUp finds the address of a name in the text of hosts(5): the first IPv4 address, or if there
// is none, the first IPv6 address.
func lookUp(text []byte, name string) (found netip.Addr, ok bool) {
	for line := range bytes.Lines(text) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		fields := strings.Fields(string(line))
		for i, f := range fields {
			if i == 0 || !strings.EqualFold(f, name) {
				continue
			}
			ip, err := netip.ParseAddr(fields[0])
			ip = ip.Unmap()
			if err == nil && (!ok || ip.Is4() && !found.Is4()) {
				found, ok = ip, true
			}
		}
	}
	return found, ok
}

// zoneID is the number of the network interface zone, which is a name or already the number. It is
// 0 if zone is empty.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	number, err := sys.ReadFile(filepath.Join("/sys/class/net", filepath.Base(zone), "ifindex"))
	if err != nil {
		number = []byte(zone)
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %q; ip link lists them", zone)
	}
	return uint32(n), nil
}
