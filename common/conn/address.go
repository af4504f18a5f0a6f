package conn

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The package net would do all this, and more. But with it a program on a machine
// that has a C compiler is linked with the C library, for names in the DNS, and
// then each child of forkserv takes half as long again to start.

// What can be wrong with an address.
var (
	errAddress = errors.New("is not host:port, such as 127.0.0.1:8080 or [::1]:8080")
	errPort    = errors.New("is no address: the port must be a number from 0 to 65535")
)

// SplitAddress takes apart host:port, where an IPv6 address is in brackets.
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

// hosts is hosts(5).
const hosts = "/etc/hosts"

// Resolve returns the IP address of host. host may be an address, or a name in hosts(5), which has the
// machine's own names. An empty host means all addresses, so it has none.
func Resolve(host string) (netip.Addr, error) { return resolve(hosts, host) }

func resolve(hosts, host string) (netip.Addr, error) {
	if host == "" {
		return netip.Addr{}, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap(), nil
	}
	text, _ := os.ReadFile(hosts) // without one there are no names
	if ip, ok := lookUp(text, host); ok {
		return ip, nil
	}
	if strings.EqualFold(host, "localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	return netip.Addr{}, fmt.Errorf("%q is neither an IP address nor a name in %s", host, hosts)
}

// lookUp finds a name in the text of hosts(5): its first address of IPv4, else
// its first.
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

// zoneID is the number of the network interface called zone, or that of which it
// is the number; 0 for no zone.
func zoneID(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	number, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(zone), "ifindex"))
	if err != nil {
		number = []byte(zone)
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %q", zone)
	}
	return uint32(n), nil
}
