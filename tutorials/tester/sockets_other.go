//go:build !linux

package tester

import "net/netip"

// lookup finds nothing: only Linux is asked.
func lookup(local, remote netip.AddrPort) (s socket, ok bool) { return s, false }
