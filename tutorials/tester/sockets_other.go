//go:build !linux

package tester

import (
	"errors"
	"net/netip"
	"syscall"
)

// lookup finds nothing: only Linux is asked.
func lookup(local, remote netip.AddrPort) (s socket, ok bool) { return s, false }

// withoutReuseAddr leaves a listener as it is: what the option means differs between systems.
func withoutReuseAddr(string, string, syscall.RawConn) error { return nil }

// limitDescriptors can't be done elsewhere than on Linux.
func limitDescriptors(int, uint64) (uint64, error) { return 0, errors.ErrUnsupported }
